use super::*;
use crate::ports::{AdminBody, Peer};
use crate::snapshot::Snapshot;
use crate::{Gateway, Parts};
use arc_swap::ArcSwap;
use http_body_util::{BodyExt, Full};
use parking_lot::Mutex;

/// Notes what it is asked and takes its time.
#[derive(Default)]
struct Desk {
    asked: Mutex<Vec<(String, Option<Peer>, usize)>>,
    done: Arc<AtomicUsize>,
    takes: Duration,
}

impl Admin for Desk {
    fn handle(&self, request: Request<Bytes>) -> BoxFuture<'static, Response<AdminBody>> {
        let peer = request.extensions().get::<Peer>().copied();
        self.asked.lock().push((format!("{} {}", request.method(), request.uri()), peer, request.body().len()));
        let (takes, done) = (self.takes, Arc::clone(&self.done));
        Box::pin(async move {
            tokio::time::sleep(takes).await;
            done.fetch_add(1, Ordering::SeqCst);
            Response::new(AdminBody::new(Full::new(Bytes::from_static(b"{}"))))
        })
    }
}

fn with(desk: &Arc<Desk>) -> Setup {
    Setup { admin: Some(Arc::clone(desk) as _), ..Setup::new(Drip::silent()) }
}

/// R59: the desk is found by the path as it was parsed; the host, wherever it is said, changes nothing.
#[test]
fn admin_paths_reach_the_desk_in_one_form() {
    let desk = Arc::new(Desk::default());
    let running = with(&desk).run();
    assert_eq!(running.get("/admin/v1/system?x=1"), (200, "{}".to_owned()));
    assert_eq!(status(&running.say(b"GET http://a/admin/v1/keys HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n")), 200);
    assert_eq!(running.get("/docs/").0, 200);
    for path in ["//admin/v1/system", "/admin/v1;x/system", "/%61dmin/v1/system", "/Admin/v1/system", "/x/../admin/v1/system"] {
        assert_eq!(running.get(path).0, 404, "{path}");
    }
    let asked: Vec<_> = desk.asked.lock().iter().map(|(line, ..)| line.clone()).collect();
    assert_eq!(asked, ["GET /admin/v1/system?x=1", "GET /admin/v1/keys", "GET /docs/"]);
    assert_eq!(desk.asked.lock()[0].1, Some(Peer("127.0.0.1".parse().unwrap())));
}

/// R56: 4 MiB and no more.
#[test]
fn admin_bodies_are_bounded() {
    let desk = Arc::new(Desk::default());
    let running = with(&desk).run();
    let post = |length: usize| {
        let head = format!("POST /admin/v1/keys HTTP/1.1\r\nhost: a\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n");
        let mut stream = running.connect();
        stream.write_all(head.as_bytes()).unwrap();
        // A server that refuses early closes while the body is still sent.
        let _ = stream.write_all(&vec![b'x'; length]);
        rest(&mut stream)
    };
    assert_eq!(status(&post(4 << 20)), 200);
    let refused = post((4 << 20) + 1);
    assert_eq!(status(&refused), 413);
    // The bound is not one that can be set, and the title is that of the admin API.
    assert!(refused.contains("4194304 bytes, the most that the admin API takes") && !refused.contains("max_body"), "{refused}");
    assert!(refused.contains(r#""title":"The request body is too large""#), "{refused}");
    assert_eq!(desk.asked.lock().iter().map(|(.., length)| *length).collect::<Vec<_>>(), [4 << 20]);
}

/// R42: a caller that goes away leaves no call of the database half way.
#[test]
fn a_change_runs_to_its_end_without_its_caller() {
    let desk = Arc::new(Desk { takes: Duration::from_millis(500), ..Desk::default() });
    let running = with(&desk).run();
    let mut stream = running.connect();
    stream.write_all(b"POST /admin/v1/keys HTTP/1.1\r\nhost: a\r\ncontent-length: 2\r\n\r\n{}").unwrap();
    eventually("it is asked", || desk.asked.lock().len() == 1);
    drop(stream);
    running.metric_becomes("conduit_connections", "0");
    assert_eq!(desk.done.load(Ordering::SeqCst), 0, "the caller has gone before the end");
    eventually("it is done", || desk.done.load(Ordering::SeqCst) == 1);
}

/// R5: the desk is served while inference is full.
#[test]
fn the_desk_is_open_under_load() {
    let desk = Arc::new(Desk::default());
    let setup = Setup { upstream: Arc::new(Drip::endless()), ..with(&desk) };
    let running = setup.settings(|settings| (settings.max_in_flight, settings.queue_size) = (1, 0)).run();
    let _taken = running.stream();
    assert_eq!(status(&running.chat(&streamed()).1), 503);
    assert_eq!(running.get("/admin/v1/system").0, 200);
}

struct Nobody;

impl Upstream for Nobody {
    fn send<'a>(&'a self, _: Request<Bytes>, _: &'a crate::egress::Egress) -> BoxFuture<'a, Result<Response<UpstreamBody>, SendFault>> {
        Box::pin(std::future::pending())
    }
}

/// R38, R39: before the database is there, only what needs none is served, and no key is called wrong.
#[tokio::test]
async fn before_it_is_open_health_and_metrics_answer() {
    let snapshot = Arc::new(ArcSwap::from_pointee(Snapshot::default()));
    let gateway = Gateway::new(Parts { snapshot, keys: Arc::default(), upstream: Arc::new(Nobody) });
    let ask = async |path: &str| {
        let request =
            Request::get(path).header("host", "a").header("authorization", "Bearer anything").body(Full::<Bytes>::default()).unwrap();
        let visit = crate::visit::Visit::new(gateway.metrics(), None);
        let answer = Arc::clone(&gateway).attend(request, visit).await;
        let status = answer.status().as_u16();
        let body = answer.into_body().collect().await.unwrap().to_bytes();
        (status, String::from_utf8(body.to_vec()).unwrap())
    };
    assert_eq!(ask("/health/live").await.0, 200);
    assert!(ask("/metrics").await.1.ends_with("# EOF\n"));
    let (status, body) = ask("/health/ready").await;
    assert_eq!((status, body.as_str()), (503, r#"{"status":"not ready","reasons":["starting"]}"#));
    for path in ["/admin/v1/system", "/docs", "/v1/models"] {
        let (status, body) = ask(path).await;
        assert!(status == 503 && body.contains("storage_unavailable"), "{path}: {status} {body}");
    }
}
