//! A table is declared once and exists twice: as rows that grow (`Vec` columns) and as a shared, frozen table
//! (`Arc<Vec>` columns, which cross the sandbox boundary without a copy on the host's side).

/// Declares the growing and the frozen form of one table. A column is declared with what one row of it takes.
macro_rules! table {
    ($(#[$meta:meta])* $Rows:ident => $Table:ident { $($(#[$column_meta:meta])* $column:ident: [$word:ty; $width:literal]),+ $(,)? }) => {
        $(#[$meta])*
        #[derive(Clone, Debug, Default, PartialEq)]
        pub struct $Rows { $($(#[$column_meta])* pub $column: Vec<$word>,)+ }

        $(#[$meta])*
        /// Frozen and shared.
        #[derive(Clone, Debug, Default, PartialEq)]
        pub struct $Table { $($(#[$column_meta])* pub $column: ::std::sync::Arc<Vec<$word>>,)+ }

        impl $Rows {
            /// Bytes in use by one row.
            pub const ROW_SIZE: usize = 0 $(+ $width * size_of::<$word>())+;

            /// Makes room for as many more rows.
            pub fn reserve(&mut self, rows: usize) {
                $(self.$column.reserve(rows * $width);)+
            }

            /// Shares the columns; no row can be added afterwards.
            pub fn freeze(self) -> $Table {
                $Table { $($column: ::std::sync::Arc::new(self.$column),)+ }
            }

            /// Bytes in use by rows.
            pub fn size(&self) -> usize {
                0 $(+ self.$column.len() * size_of::<$word>())+
            }

            /// No rows, and memory for as many as there are here.
            pub fn same_capacity(&self) -> Self {
                Self { $($column: Vec::with_capacity(self.$column.len()),)+ }
            }

            /// Forgets every row and keeps the memory.
            pub fn clear(&mut self) {
                $(self.$column.clear();)+
            }
        }

        impl $Table {
            /// The columns as rows that grow: copied.
            pub fn thaw(&self) -> $Rows {
                $Rows { $($column: self.$column.to_vec(),)+ }
            }

            /// Bytes in use by rows.
            pub fn size(&self) -> usize {
                0 $(+ self.$column.len() * size_of::<$word>())+
            }
        }
    };
}

pub(crate) use table;
