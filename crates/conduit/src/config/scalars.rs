//! Values that a configuration writes as text: durations, sizes, secrets.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use secrecy::SecretString;
use serde::de::Error;
use serde::{Deserialize, Deserializer};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::time::Duration;

/// A duration with its unit, as `500ms`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Period(pub Duration);

/// A number of bytes with its unit, as `32MiB`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Size(pub u64);

/// A secret whose reference has been resolved.
#[derive(Clone, Debug)]
pub(super) struct Secret(pub SecretString);

/// A provider's credentials, in the order of the file.
#[derive(Clone, Debug, Default)]
pub(super) struct Credentials(pub Vec<NamedCredential>);

/// One credential: its fields with references resolved, lists joined by commas.
#[derive(Clone, Debug)]
pub(super) struct NamedCredential {
    pub name: String,
    pub weight: u32,
    pub fields: Vec<(String, SecretString)>,
}

pub(super) const MAX_WEIGHT: i128 = 1_000_000;

const PERIOD_UNITS: &[(&str, u64)] = &[("ms", 1), ("s", 1_000), ("m", 60_000), ("h", 3_600_000)];
const SIZE_UNITS: &[(&str, u64)] =
    &[("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30), ("KB", 1_000), ("MB", 1_000_000), ("GB", 1_000_000_000), ("B", 1)];

pub(crate) fn period(text: &str) -> Result<Duration, String> {
    quantity(text, PERIOD_UNITS)
        .map(Duration::from_millis)
        .ok_or_else(|| format!("`{text}` is no duration: write a whole number and a unit (ms, s, m, h), like `5s`"))
}

pub(super) fn size(text: &str) -> Result<u64, String> {
    quantity(text, SIZE_UNITS)
        .ok_or_else(|| format!("`{text}` is no size: write a whole number and a unit (B, KiB, MiB, GiB, KB, MB, GB), like `32MiB`"))
}

fn quantity(text: &str, units: &[(&str, u64)]) -> Option<u64> {
    let digits = text.find(|c: char| !c.is_ascii_digit())?;
    let (number, unit) = text.split_at(digits);
    let (_, factor) = units.iter().find(|(name, _)| *name == unit.trim_start())?;
    number.parse::<u64>().ok()?.checked_mul(*factor)
}

impl<'de> Deserialize<'de> for Period {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        period(&String::deserialize(deserializer)?).map(Self).map_err(D::Error::custom)
    }
}

impl<'de> Deserialize<'de> for Size {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        size(&String::deserialize(deserializer)?).map(Self).map_err(D::Error::custom)
    }
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self(SecretString::from(String::deserialize(deserializer)?)))
    }
}

/// The form that the check of the shape makes of either way to write credentials.
#[derive(Deserialize)]
struct CheckedCredential {
    name: String,
    weight: u32,
    fields: BTreeMap<String, String>,
}

impl<'de> Deserialize<'de> for Credentials {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let checked = Vec::<CheckedCredential>::deserialize(deserializer)?;
        let secret = |(name, text)| (name, SecretString::from(text));
        let named = checked.into_iter().map(|one| NamedCredential {
            name: one.name,
            weight: one.weight,
            fields: one.fields.into_iter().map(secret).collect(),
        });
        Ok(Self(named.collect()))
    }
}

impl JsonSchema for Period {
    fn schema_name() -> Cow<'static, str> {
        "Duration".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "format": "duration-with-unit", "pattern": "^[0-9]+ ?(ms|s|m|h)$" })
    }
}

impl JsonSchema for Size {
    fn schema_name() -> Cow<'static, str> {
        "Size".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "format": "size-with-unit", "pattern": "^[0-9]+ ?(B|KiB|MiB|GiB|KB|MB|GB)$" })
    }
}

impl JsonSchema for Secret {
    fn schema_name() -> Cow<'static, str> {
        "Secret".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "format": "secret" })
    }
}

impl JsonSchema for Credentials {
    fn schema_name() -> Cow<'static, str> {
        "Credentials".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let secret = generator.subschema_for::<Secret>();
        let fields = json_schema!({ "anyOf": [secret, { "type": "array", "items": secret }] });
        let one = json_schema!({ "type": "object", "additionalProperties": fields });
        let named = json_schema!({
            "type": "object",
            "properties": {
                "name": { "type": "string", "description": "What metrics and logs call it." },
                "weight": {
                    "type": "integer", "minimum": 0, "maximum": 1_000_000, "default": 1,
                    "description": "Its share of the requests, against the others' weights; 0: only when all others have failed."
                }
            },
            "required": ["name"],
            "additionalProperties": fields
        });
        json_schema!({ "format": "credentials", "anyOf": [one, { "type": "array", "minItems": 1, "items": named }] })
    }
}

#[cfg(test)]
mod tests;
