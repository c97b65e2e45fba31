//! The builder methods that every named operation has.

/// Gives an operation with a field `name`, or one whose name is in its settings, the methods `named` and `key`.
macro_rules! naming {
    (impl [$($generics:tt)*] $operation:ty $(, in $settings:ident)?) => {
        impl<$($generics)*> $operation {
            /// Names the operation. A name is 1 to 256 characters of printable ASCII and is compared on replay:
            /// compute it from nothing but the function's input and earlier results.
            pub fn named(mut self, name: impl Into<std::borrow::Cow<'static, str>>) -> Self {
                self.$($settings.)?name.set(name);
                self
            }

            /// Adds what tells operations of one name apart: `reserve` with key `sku-7` is `reserve[sku-7]`. Any value
            /// will do: characters outside printable ASCII are escaped, and a long key is cut and ends in a hash.
            pub fn key(mut self, key: impl std::fmt::Display) -> Self {
                self.$($settings.)?name.add_key(key);
                self
            }
        }
    };
}
pub(crate) use naming;
