//! The macro that turns an exporter into a component.

/// Makes a type that implements [`Exporter`](crate::Exporter) the exporter of this component. Natively it does nothing.
///
/// Use it once, in the crate that is built as a `cdylib` for `wasm32-wasip2`.
#[macro_export]
macro_rules! export {
    ($exporter:ty) => {
        #[cfg(target_family = "wasm")]
        const _: () = {
            struct Component;

            // An instance is called from one thread, one call at a time, and exports are free functions: its state can
            // live nowhere else.
            ::std::thread_local! {
                static EXPORTER: ::std::cell::RefCell<::std::option::Option<$exporter>> =
                    const { ::std::cell::RefCell::new(::std::option::Option::None) };
            }

            impl $crate::component::Component for Component {
                type Exporter = $exporter;
                const PACKAGE: &'static str = ::std::env!("CARGO_PKG_NAME");
                const VERSION: &'static str = ::std::env!("CARGO_PKG_VERSION");

                fn with<R>(call: impl ::std::ops::FnOnce(&mut ::std::option::Option<$exporter>) -> R) -> R {
                    EXPORTER.with(|exporter| call(&mut exporter.borrow_mut()))
                }
            }

    $crate::bindings::export!(Component with_types_in $crate::bindings);
        };
    };
}
