//! Documents that are generated from the code, so that they cannot be wrong.

mod printed;

#[cfg(test)]
mod tests;

use std::path::Path;

/// A document and what makes it.
struct Document {
    path: &'static str,
    render: fn(&Path) -> Result<String, String>,
}

const DOCUMENTS: &[Document] = &[
    Document { path: "docs/faults.md", render: |_| Ok(chat::fault::markdown()) },
    Document { path: "docs/config.schema.json", render: printed::schema },
    Document { path: "docs/openapi.json", render: printed::openapi },
];

pub(crate) fn write(root: &Path) -> Result<String, String> {
    write_all(root, DOCUMENTS)
}

pub(crate) fn check(root: &Path) -> Result<String, String> {
    check_all(root, DOCUMENTS)
}

fn write_all(root: &Path, documents: &[Document]) -> Result<String, String> {
    for document in documents {
        let text = (document.render)(root)?;
        std::fs::write(root.join(document.path), text).map_err(|error| format!("{}: {error}", document.path))?;
    }
    Ok(format!("docs: {} written", documents.len()))
}

fn check_all(root: &Path, documents: &[Document]) -> Result<String, String> {
    let mut stale = Vec::new();
    for document in documents {
        let text = (document.render)(root)?;
        if std::fs::read_to_string(root.join(document.path)).ok().as_ref() != Some(&text) {
            stale.push(document.path);
        }
    }
    if stale.is_empty() {
        return Ok(format!("docs: {} documents are current", documents.len()));
    }
    Err(format!("docs: not current: {}. Run `cargo xtask docs` and commit them.", stale.join(", ")))
}
