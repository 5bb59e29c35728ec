//! Images and documents.

use super::draft::{Block, BlockKind, Draft};
use super::object;
use crate::anthropic_messages::types::HERE;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chat::{Fault, Part, Source};
use std::borrow::Cow;
use wire::Raw;
use wire::object::ObjectWriter;

/// Members of a document that the provider itself knows: a caller of another dialect may send them with a file.
const DOCUMENT_MEMBERS: &[&str] = &["citations", "context", "title"];

pub(super) fn image(source: &Source, part: &Part, place: &str) -> Result<Block, Fault> {
    let source = resolved(source);
    let media_type = match source.as_ref() {
        Source::Base64 { media_type, data } => Some(image_type(media_type.as_deref(), data, place)?),
        Source::Text { .. } => return Err(Fault::unsupported(place, "An image is a URL or base64 data, not text.")),
        Source::Url { .. } | Source::FileId { .. } => None,
    };
    let json = block("image", &source, media_type.as_deref(), place, |block| {
        block.extend(part.extras.of(HERE));
    })?;
    Ok(Block::new(BlockKind::Other, json, place))
}

pub(super) fn document(draft: &mut Draft<'_>, source: &Source, filename: Option<&str>, part: &Part, place: &str) -> Result<Block, Fault> {
    let source = resolved(source);
    let source = match source.as_ref() {
        Source::Base64 { media_type, data } => match document_type(media_type.as_deref(), filename, data) {
            DocumentType::Pdf => Cow::Owned(Source::Base64 { media_type: Some("application/pdf".into()), data: data.clone() }),
            DocumentType::Image => {
                draft.losses.extras(place, &part.extras);
                if filename.is_some() {
                    draft.losses.dropped(format!("{place}.file.filename"), "the provider's images have no title");
                }
                return image(source.as_ref(), part, place);
            }
            DocumentType::Text => Cow::Owned(Source::Text { media_type: media_type.clone(), text: decoded(data, place)? }),
            DocumentType::Unknown => {
                return Err(Fault::unsupported(
                    place,
                    "The provider takes PDF, plain text and images as files; give the media type in the data URL.",
                ));
            }
        },
        _ => source,
    };
    if let Source::Text { media_type: Some(media_type), .. } = source.as_ref()
        && essence(media_type) != "text/plain"
    {
        draft.losses.approximated(format!("{place}.file"), "text of this media type is sent as plain text");
    }
    let members = kept_members(draft, part, place);
    let titled = members.iter().any(|(name, _)| name == "title");
    let json = block("document", &source, None, place, |block| {
        block.optional("title", &filename.filter(|_| !titled)).extend(&members);
    })?;
    if titled && filename.is_some() {
        draft.losses.dropped(format!("{place}.file.filename"), "`title` stands in its place");
    }
    Ok(Block::new(BlockKind::Other, json, place))
}

fn kept_members(draft: &mut Draft<'_>, part: &Part, place: &str) -> Vec<(String, Raw)> {
    if part.extras.from() == Some(HERE) {
        return part.extras.of(HERE).to_vec();
    }
    let mut kept = Vec::new();
    for (name, value) in part.extras.iter().filter(|(_, value)| !value.is_null()) {
        if DOCUMENT_MEMBERS.contains(&name) {
            kept.push((name.to_owned(), value.clone()));
        } else {
            draft.losses.dropped(format!("{place}.{name}"), "the provider has no such field");
        }
    }
    kept
}

fn block(
    kind: &str,
    source: &Source,
    image_type: Option<&str>,
    place: &str,
    more: impl FnOnce(&mut ObjectWriter<'_>),
) -> Result<String, Fault> {
    if let Source::Url { url } = source
        && !(url.starts_with("https://") || url.starts_with("http://"))
    {
        return Err(Fault::unsupported(place, "The provider takes https URLs and data URLs with base64."));
    }
    object(|block| {
        block.member("type", kind).object("source", |object| match source {
            Source::Url { url } => {
                object.member("type", "url").member("url", url);
            }
            Source::FileId { id } => {
                object.member("type", "file").member("file_id", id);
            }
            Source::Text { text, .. } => {
                object.member("type", "text").member("media_type", "text/plain").member("data", text);
            }
            Source::Base64 { media_type, data } => {
                let media_type = image_type.or(media_type.as_deref()).unwrap_or_default();
                object.member("type", "base64").member("media_type", media_type).member("data", data);
            }
        });
        more(block);
    })
}

/// A data URL is base64 data under another spelling; and a URL may stand where a dialect has no place for one.
fn resolved(source: &Source) -> Cow<'_, Source> {
    let url = match source {
        Source::Url { url } => url,
        Source::FileId { id: other } | Source::Base64 { data: other, .. }
            if other.starts_with("https://") || other.starts_with("http://") =>
        {
            return Cow::Owned(Source::Url { url: other.clone() });
        }
        _ => return Cow::Borrowed(source),
    };
    let Some((head, data)) = url.strip_prefix("data:").and_then(|rest| rest.split_once(',')) else { return Cow::Borrowed(source) };
    let Some(media_type) = head.strip_suffix(";base64") else { return Cow::Borrowed(source) };
    let media_type = Some(media_type.to_owned()).filter(|media_type| !media_type.is_empty());
    Cow::Owned(Source::Base64 { media_type, data: data.to_owned() })
}

/// The media type without its parameters.
fn essence(media_type: &str) -> String {
    media_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

/// The four types that are taken; where none is given, by the first bytes.
fn image_type(given: Option<&str>, data: &str, place: &str) -> Result<String, Fault> {
    let name = match given.map(essence).as_deref() {
        Some("image/jpg") => Some("image/jpeg"),
        Some("image/jpeg") => Some("image/jpeg"),
        Some("image/png") => Some("image/png"),
        Some("image/gif") => Some("image/gif"),
        Some("image/webp") => Some("image/webp"),
        Some(_) => None,
        None => sniffed(data),
    };
    name.map(str::to_owned).ok_or_else(|| Fault::unsupported(place, "The provider takes images as JPEG, PNG, GIF or WebP."))
}

/// The image type of base64 data by how its encoded signature begins.
fn sniffed(data: &str) -> Option<&'static str> {
    let signatures = [("iVBOR", "image/png"), ("/9j/", "image/jpeg"), ("R0lG", "image/gif"), ("UklGR", "image/webp")];
    signatures.iter().find(|(start, _)| data.starts_with(start)).map(|(_, media_type)| *media_type)
}

enum DocumentType {
    Pdf,
    Text,
    Image,
    Unknown,
}

fn document_type(given: Option<&str>, filename: Option<&str>, data: &str) -> DocumentType {
    let given = given.map(essence).filter(|media_type| media_type != "application/octet-stream");
    let extension = filename.and_then(|name| name.rsplit_once('.')).map(|(_, extension)| extension.to_ascii_lowercase());
    match (given.as_deref(), extension.as_deref()) {
        (Some("application/pdf"), _) => DocumentType::Pdf,
        (Some("application/json" | "application/xml" | "application/yaml"), _) => DocumentType::Text,
        (Some(media_type), _) if media_type.starts_with("text/") => DocumentType::Text,
        (Some(media_type), _) if media_type.starts_with("image/") => DocumentType::Image,
        (Some(_), _) => DocumentType::Unknown,
        // "%PDF-" in base64.
        (None, _) if data.starts_with("JVBERi") => DocumentType::Pdf,
        (None, Some("pdf")) => DocumentType::Pdf,
        (None, Some("txt" | "md" | "csv" | "json" | "xml" | "yaml" | "yml" | "html")) => DocumentType::Text,
        (None, _) if sniffed(data).is_some() => DocumentType::Image,
        (None, _) => DocumentType::Unknown,
    }
}

fn decoded(data: &str, place: &str) -> Result<String, Fault> {
    let wrong = |_| Fault::invalid(place, "The file is not base64 of UTF-8 text.");
    let bytes = STANDARD.decode(data.trim()).map_err(|error| wrong(error.to_string()))?;
    String::from_utf8(bytes).map_err(|error| wrong(error.to_string()))
}
