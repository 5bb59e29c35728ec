//! The machine and the versions that the figures belong to.

use crate::{Failure, candidate};
use std::fmt::Write as _;
use std::process::Command;

pub(crate) struct Facts {
    rows: Vec<(&'static str, String)>,
}

impl Facts {
    pub(crate) fn read() -> Result<Self, Failure> {
        let cpu = file("/proc/cpuinfo")
            .lines()
            .find_map(|line| line.strip_prefix("model name")?.split_once(": ").map(|(_, name)| name.to_owned()));
        let memory = file("/proc/meminfo").lines().find_map(|line| line.strip_prefix("MemTotal:").map(|rest| rest.trim().to_owned()));
        let conduit = std::env::current_exe()?.with_file_name("conduit");
        let nginx = candidate::nginx().map_or_else(String::new, |path| said(Command::new(path).arg("-v")));
        let build = if cfg!(debug_assertions) { "debug: the figures mean nothing" } else { "release" };
        let rows = vec![
            ("date", said(Command::new("date").args(["-u", "+%Y-%m-%d"]))),
            ("processor", format!("{}, {} cores", cpu.unwrap_or_else(|| "unknown".to_owned()), std::thread::available_parallelism()?)),
            ("memory", memory.unwrap_or_default()),
            ("kernel", format!("Linux {}", file("/proc/sys/kernel/osrelease").trim())),
            ("nginx", nginx.trim_start_matches("nginx version: nginx/").to_owned()),
            ("conduit", said(Command::new(conduit).arg("--version")).trim_start_matches("conduit ").to_owned()),
            ("commit", said(Command::new("git").args(["rev-parse", "--short", "HEAD"]))),
            ("build", format!("{build}, {}", said(Command::new("rustc").arg("--version")))),
        ];
        Ok(Self { rows })
    }

    pub(crate) fn table(&self) -> String {
        self.rows.iter().filter(|(_, value)| !value.is_empty()).fold("| | |\n|---|---|\n".to_owned(), |mut table, (name, value)| {
            let _ = writeln!(table, "| {name} | {value} |");
            table
        })
    }
}

fn file(path: &str) -> String {
    std::fs::read_to_string(path).unwrap_or_default()
}

/// The first line that a program says; empty when it can't be run or fails.
fn said(command: &mut Command) -> String {
    let Ok(output) = command.output() else { return String::new() };
    if !output.status.success() {
        return String::new();
    }
    let text = [output.stdout, output.stderr].concat();
    String::from_utf8_lossy(&text).lines().next().unwrap_or_default().trim().to_owned()
}
