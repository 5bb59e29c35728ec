//! The content of a message: text, or a list of parts.

use super::take_cache;
use crate::openai_chat::types::{ME, given, keep_nested};
use chat::{Extras, Part, PartKind, Source};
use wire::RawRef;
use wire::json::Kind;
use wire::object::{FieldError, Fields};

/// The parts, and whether they came as a list.
pub(super) fn read_content(fields: &mut Fields<'_>) -> Result<(Vec<Part>, bool), FieldError> {
    let Some(raw) = fields.take_ref("content").filter(|raw| !raw.is_null()) else { return Ok((Vec::new(), false)) };
    match raw.kind() {
        Kind::String => Ok((vec![Part::text(text(raw, "content")?)], false)),
        Kind::Array => {
            let items = raw.items().map_err(|error| FieldError::from(error).within("content"))?;
            let parts = items.into_iter().enumerate().map(|(at, item)| {
                let inside = |error: FieldError| error.within(&format!("content[{at}]"));
                read_part(item).map_err(inside)
            });
            Ok((parts.collect::<Result<_, _>>()?, true))
        }
        _ => Err(FieldError::new("content", "must be a string or a list of parts")),
    }
}

fn text(raw: RawRef<'_>, name: &str) -> Result<String, FieldError> {
    raw.as_str().map(std::borrow::Cow::into_owned).ok_or_else(|| FieldError::new(name, "must be a string of Unicode text"))
}

fn read_part(item: RawRef<'_>) -> Result<Part, FieldError> {
    let mut fields = item.fields()?;
    let kind: String = fields.require("type")?;
    let mut nested = Extras::default();
    let known = match kind.as_str() {
        "text" => Some(PartKind::Text { text: fields.require("text")? }),
        "refusal" => Some(PartKind::Refusal { text: fields.require("refusal")? }),
        "image_url" => Some(read_image(&mut fields, &mut nested)?),
        "input_audio" => Some(read_audio(&mut fields, &mut nested)?),
        "file" => read_file(&mut fields, &mut nested)?,
        _ => None,
    };
    let Some(kind) = known else {
        let raw = item.to_raw().map_err(|error| FieldError::new("", error.to_string()))?;
        return Ok(Part::new(PartKind::Native { raw, from: ME }));
    };
    let cache = take_cache(&mut fields);
    let mut extras = given(fields);
    for (name, value) in nested.iter() {
        extras.push(ME, name, value.clone());
    }
    Ok(Part { kind, cache, extras })
}

fn read_image(fields: &mut Fields<'_>, nested: &mut Extras) -> Result<PartKind, FieldError> {
    const NAME: &str = "image_url";
    // A plain URL in place of the object is a common slip.
    if let Some(raw) = fields.peek(NAME).filter(|raw| raw.kind() == Kind::String) {
        fields.take_ref(NAME);
        return Ok(PartKind::Image { source: image_source(text(raw, NAME)?), detail: None });
    }
    let mut inner = fields.take_fields(NAME)?.ok_or_else(|| FieldError::new(NAME, "is missing"))?;
    let within = |error: FieldError| error.within(NAME);
    let url: String = inner.require("url").map_err(within)?;
    let detail = inner.take_as("detail").map_err(within)?;
    keep_nested(nested, NAME, inner);
    Ok(PartKind::Image { source: image_source(url), detail })
}

fn image_source(url: String) -> Source {
    match data_url(&url) {
        Some((media_type, data)) => {
            Source::Base64 { media_type: Some(media_type.to_owned()).filter(|kind| !kind.is_empty()), data: data.to_owned() }
        }
        None => Source::Url { url },
    }
}

/// Media type and data of `data:<type>;base64,<data>`. A URL with parameters stays a URL, so that it goes out as it came.
fn data_url(url: &str) -> Option<(&str, &str)> {
    let (media_type, data) = url.strip_prefix("data:")?.split_once(";base64,")?;
    (!media_type.contains([';', ','])).then_some((media_type, data))
}

fn read_audio(fields: &mut Fields<'_>, nested: &mut Extras) -> Result<PartKind, FieldError> {
    const NAME: &str = "input_audio";
    let within = |error: FieldError| error.within(NAME);
    let mut inner = fields.take_fields(NAME)?.ok_or_else(|| FieldError::new(NAME, "is missing"))?;
    let data = inner.require("data").map_err(within)?;
    let format = inner.take_as("format").map_err(within)?;
    keep_nested(nested, NAME, inner);
    Ok(PartKind::Audio { source: Source::Base64 { media_type: None, data }, format, transcript: None })
}

/// `None` for a file that is given in a way that OpenAI does not have: it stays as it came.
fn read_file(fields: &mut Fields<'_>, nested: &mut Extras) -> Result<Option<PartKind>, FieldError> {
    const NAME: &str = "file";
    let within = |error: FieldError| error.within(NAME);
    let mut inner = fields.take_fields(NAME)?.ok_or_else(|| FieldError::new(NAME, "is missing"))?;
    let id: Option<String> = inner.take_as("file_id").map_err(within)?;
    let data: Option<String> = inner.take_as("file_data").map_err(within)?;
    let filename = inner.take_as("filename").map_err(within)?;
    let source = match (id, data) {
        (Some(id), None) => Source::FileId { id },
        (None, Some(data)) => file_source(data),
        _ => return Ok(None),
    };
    keep_nested(nested, NAME, inner);
    Ok(Some(PartKind::File { source, filename }))
}

/// A data URL, or base64 alone.
fn file_source(data: String) -> Source {
    match data_url(&data) {
        Some((media_type, inner)) if !media_type.is_empty() => {
            Source::Base64 { media_type: Some(media_type.to_owned()), data: inner.to_owned() }
        }
        _ => Source::Base64 { media_type: None, data },
    }
}
