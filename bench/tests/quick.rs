//! The benchmark itself works: every scenario is run against every candidate, in seconds.

use std::path::Path;
use std::process::Command;

#[test]
fn a_quick_run_measures_every_scenario() {
    let bench = Path::new(env!("CARGO_BIN_EXE_conduit-bench"));
    let nginx = ["/usr/sbin/nginx", "/usr/bin/nginx", "/usr/local/sbin/nginx"].iter().any(|path| Path::new(path).is_file());
    if !nginx || !bench.with_file_name("conduit").is_file() {
        eprintln!("SKIPPED: the quick benchmark needs nginx and a built `conduit` beside `conduit-bench`");
        return;
    }
    let output = Command::new(bench).arg("--quick").output().unwrap();
    let (report, progress) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{progress}");
    assert!(!report.contains("NaN"), "{report}");
    for row in report.lines().filter(|line| line.starts_with("| plain request, ")) {
        let cells: Vec<_> = row.split('|').map(str::trim).collect();
        assert!(cells.get(4).and_then(|rate| rate.parse::<f64>().ok()).is_some_and(|rate| rate > 0.0), "{row}");
    }
    for heading in ["## Figures to reach", "## Rate and CPU time", "## Latency", "## Streams", "## Memory and start"] {
        assert!(report.contains(heading), "{heading} is missing:\n{report}");
    }
}
