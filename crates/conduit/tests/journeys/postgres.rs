//! The same promises with the rows in PostgreSQL.

use crate::harness::{Ask, KEY, Setup, openai, rows_of};
use testkit::postgres::Postgres;
use testkit::scripted::{Script, Scripted};

#[test]
fn usage_rows_go_to_postgresql() {
    let Some(server) = Postgres::shared() else { return };
    let url = server.database();
    let upstream = Scripted::start(Script::choose(|_, request| openai::obliging(request)));
    let gateway =
        Setup::new().storage(&url).provider("one", "openai", &format!("{}/v1", upstream.url())).model("m", "one", "up-1", 1).start();
    for body in [openai::chat("m"), openai::chat_stream("m")] {
        let reply = Ask::post("/v1/chat/completions", &body).key(KEY).at(gateway.address());
        assert_eq!(reply.status, 200, "{}", reply.text());
        let row = rows_of(&url, reply.header("x-request-id").unwrap(), 1).remove(0);
        assert_eq!((row.status.as_str(), row.input_tokens, row.output_tokens), ("succeeded", Some(11), Some(7)));
    }
}

#[test]
fn every_answered_request_has_its_row_exactly_once_in_postgresql() {
    let Some(server) = Postgres::shared() else { return };
    let url = server.database();
    crate::crash::survive(Setup::new().storage(&url), Some(url));
}
