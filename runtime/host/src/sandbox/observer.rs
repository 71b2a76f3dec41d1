//! What a guest did that no outcome tells, for whoever tries an exporter out.

/// Watches guests while they run. Called on the threads that run them, inside their calls: it must not block.
pub trait GuestObserver: Send + Sync {
    /// A view or column was read, named as in `describe`: `otlp`, `payload`, `spans.names`.
    fn on_read(&self, name: &str) {
        let _ = name;
    }

    /// A part of an outcome that no batch can have was put right; `what` says which.
    fn on_correction(&self, what: &str) {
        let _ = what;
    }

    /// A call returned, and the guest holds this many handles that it should have dropped.
    fn on_return(&self, handles: u32) {
        let _ = handles;
    }
}

/// What a getter reads.
#[derive(Clone, Copy, Debug)]
pub(super) enum Read {
    /// A number or a key that comes with every batch.
    Nothing,
    /// A view of the whole batch, by its name.
    View(&'static str),
    /// A column, by its interface and getter.
    Column(&'static str, &'static str),
}

impl Read {
    /// Tells an observer.
    pub(super) fn tell(self, observer: &dyn GuestObserver) {
        match self {
            Self::Nothing => {}
            Self::View(name) => observer.on_read(name),
            Self::Column(interface, getter) => observer.on_read(&format!("{interface}.{getter}")),
        }
    }
}
