//! Enums whose values have names, by which options, files and requests give them, and the refusal of other names.

use std::error::Error;
use std::fmt;

/// A name that nothing of its kind has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownName {
    /// What it would be the name of: `event`.
    pub what: &'static str,
    /// The same in the plural.
    pub plural: &'static str,
    /// The name.
    pub text: String,
    /// The names that there are.
    pub known: Vec<&'static str>,
}

impl Error for UnknownName {}

impl fmt::Display for UnknownName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { what, plural, text, known } = self;
        write!(f, "there is no {what} '{}'; the {plural} are {}", text.escape_debug(), known.join(", "))
    }
}

/// Defines an enum with a name for each of its values: `ALL`, `name`, the parser, and the form in JSON, which is the name.
macro_rules! named_enum {
    (
        $(#[$doc:meta])*
        pub enum $enum:ident: $what:literal, $plural:literal {
            $($(#[$value_doc:meta])* $value:ident = $name:literal,)+
        }
    ) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
        #[serde(try_from = "String", into = "&'static str")]
        pub enum $enum {
            $($(#[$value_doc])* $value,)+
        }

        impl $enum {
            /// Every value, in the order of the documents.
            pub const ALL: [Self; [$($name),+].len()] = [$(Self::$value),+];

            /// The name of each, in the same order.
            pub const NAMES: [&'static str; Self::ALL.len()] = [$($name),+];

            /// Returns the name.
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$value => $name,)+
                }
            }
        }

        impl std::fmt::Display for $enum {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.name())
            }
        }

        impl std::str::FromStr for $enum {
            type Err = $crate::core::named_enum::UnknownName;

            fn from_str(name: &str) -> Result<Self, Self::Err> {
                let unknown = || $crate::core::named_enum::UnknownName {
                    what: $what,
                    plural: $plural,
                    text: name.to_owned(),
                    known: Self::NAMES.to_vec(),
                };
                Self::ALL.into_iter().find(|value| value.name() == name).ok_or_else(unknown)
            }
        }

        impl TryFrom<String> for $enum {
            type Error = $crate::core::named_enum::UnknownName;

            fn try_from(name: String) -> Result<Self, Self::Error> {
                name.parse()
            }
        }

        impl From<$enum> for &'static str {
            fn from(value: $enum) -> Self {
                value.name()
            }
        }
    };
}

pub(super) use named_enum;

#[cfg(test)]
mod tests {
    named_enum! {
        /// A colour.
        pub enum Colour: "colour", "colours" {
            /// Red.
            Red = "red",
            /// Dark blue.
            DarkBlue = "dark-blue",
        }
    }

    #[test]
    fn value_is_given_by_its_name_in_text_and_json() {
        for colour in Colour::ALL {
            assert_eq!((colour.name().parse(), colour.to_string().as_str()), (Ok(colour), colour.name()));
            let json = serde_json::to_value(colour).expect("a name is JSON");
            assert_eq!((json.as_str(), serde_json::from_value(json.clone()).ok()), (Some(colour.name()), Some(colour)));
        }
        let sentence = "there is no colour 'bl\\n'; the colours are red, dark-blue";
        assert_eq!("bl\n".parse::<Colour>().expect_err("it has another name").to_string(), sentence);
        let refused = serde_json::from_value::<Colour>("bl\n".into()).expect_err("it has another name");
        assert_eq!(refused.to_string(), sentence);
    }
}
