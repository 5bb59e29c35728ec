//! Segment files: their names, and the one that is being written.

use super::SyncPolicy;
use crate::StoreError;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

const SUFFIX: &str = ".journal";

/// The file that takes the records now.
#[derive(Debug)]
pub(super) struct Segment {
    pub(super) number: u64,
    file: Arc<File>,
    written: u64,
    /// A write failed half way and could not be taken back: a record must not follow.
    spoiled: bool,
    /// Written to since the last sync.
    dirty: bool,
    sync: SyncPolicy,
}

impl Segment {
    pub(super) fn create(directory: &Path, number: u64, sync: SyncPolicy) -> io::Result<Segment> {
        let file = create_private(&path(directory, number), true)?;
        if sync != SyncPolicy::Never {
            // The file's name must be on the disk too.
            File::open(directory)?.sync_all()?;
        }
        Ok(Segment { number, file: Arc::new(file), written: 0, spoiled: false, dirty: false, sync })
    }

    /// A segment whose disk is full.
    #[cfg(test)]
    pub(super) fn on_full_disk(number: u64) -> io::Result<Segment> {
        let file = OpenOptions::new().write(true).open("/dev/full")?;
        Ok(Segment { number, file: Arc::new(file), written: 0, spoiled: false, dirty: false, sync: SyncPolicy::Never })
    }

    /// One write(2). A record is there as a whole or, after an error, not at all.
    pub(super) fn append(&mut self, record: &[u8]) -> io::Result<()> {
        if self.spoiled {
            return Err(io::Error::other("an earlier write to this segment failed half way"));
        }
        let done =
            (&*self.file).write_all(record).and_then(|()| if self.sync == SyncPolicy::Always { self.file.sync_data() } else { Ok(()) });
        if let Err(error) = done {
            self.spoiled = self.file.set_len(self.written).is_err();
            return Err(error);
        }
        self.written += record.len() as u64;
        self.dirty = true;
        Ok(())
    }

    pub(super) fn written(&self) -> u64 {
        self.written
    }

    /// Whether the next record should go to a new segment.
    pub(super) fn is_full(&self, limit: u64) -> bool {
        self.spoiled || self.written >= limit
    }

    /// The file, where it has something that the disk has not; counts as synced from here on.
    pub(super) fn take_dirty(&mut self) -> Option<Arc<File>> {
        std::mem::take(&mut self.dirty).then(|| Arc::clone(&self.file))
    }

    /// No record follows. Under a sync policy its last ones are forced to the disk now, because nobody looks at this file again.
    pub(super) fn finish(mut self) {
        if self.sync != SyncPolicy::Never
            && let Some(file) = self.take_dirty()
            && let Err(error) = file.sync_data()
        {
            tracing::error!(segment = self.number, %error, "a journal segment cannot be forced to the disk");
        }
    }

    /// Called when a sync failed.
    pub(super) fn mark_dirty(&mut self) {
        self.dirty = true;
    }
}

/// Opens a file for appending that only its owner reads; `fresh` means that it must not exist.
pub(super) fn create_private(path: &Path, fresh: bool) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.append(true).create(true).create_new(fresh);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

pub(super) fn path(directory: &Path, number: u64) -> PathBuf {
    directory.join(format!("{number:016x}{SUFFIX}"))
}

/// The numbers of all segments in the directory, oldest first.
pub(super) fn list(directory: &Path) -> Result<Vec<u64>, StoreError> {
    let failed = |error| StoreError::file("cannot list the journal", directory)(error);
    let mut numbers = Vec::new();
    for entry in std::fs::read_dir(directory).map_err(failed)? {
        let name = entry.map_err(failed)?.file_name();
        let number = name.to_str().and_then(|name| name.strip_suffix(SUFFIX)).and_then(|digits| u64::from_str_radix(digits, 16).ok());
        numbers.extend(number);
    }
    numbers.sort_unstable();
    Ok(numbers)
}

/// Deletes a segment that is done with; one that was damaged is kept aside for inspection.
pub(super) fn remove(directory: &Path, number: u64, damaged: bool) {
    let path = path(directory, number);
    let done = if damaged { std::fs::rename(&path, path.with_extension("damaged")) } else { std::fs::remove_file(&path) };
    if let Err(error) = done
        && error.kind() != io::ErrorKind::NotFound
    {
        tracing::warn!(segment = %path.display(), %error, "a finished journal segment cannot be removed; it will be replayed at the next start, which changes nothing");
    }
}
