//! The test of a provider, step by step: reached, well, key taken, models listed.

use crate::ask::{Answer, With, ask};
use crate::list::{Failed, pages};
use crate::report::{StepName, StepState, TestReport, TestStep};
use crate::verdict::{Verdict, of_odd_list, of_refusal, of_trouble, passed_before};
use gateway::ports::Upstream;
use gateway::snapshot::{Provider, ProviderCredential};
use http::{Method, StatusCode};
use providers::Auth;
use providers::custom::Probe;
use std::time::{Duration, Instant};

/// Tests the provider with each of its credentials.
pub async fn test_provider(upstream: &dyn Upstream, provider: &Provider) -> TestReport {
    run(upstream, provider, &provider.spec.credentials.iter().collect::<Vec<_>>()).await
}

/// Tests the provider with one of its credentials; `None` where it has none of that name.
pub async fn test_credential(upstream: &dyn Upstream, provider: &Provider, name: &str) -> Option<TestReport> {
    let credential = provider.spec.credentials.iter().find(|credential| credential.name == name)?;
    Some(run(upstream, provider, &[credential]).await)
}

async fn run(upstream: &dyn Upstream, provider: &Provider, credentials: &[&ProviderCredential]) -> TestReport {
    let mut test = Test { upstream, provider, steps: Vec::new(), reachable: None, keys: Vec::new(), models: None };
    let begun = Instant::now();
    if let Some(reason) = &provider.spec.unusable {
        let step = TestStep::failed(StepName::Authentication, reason.clone(), "enter the provider's credential again");
        test.steps.push(step);
    } else if let Some(first) = credentials.first() {
        test.probe(first).await;
        for credential in credentials {
            test.credential(credential).await;
        }
    } else {
        test.steps.push(TestStep::failed(StepName::Authentication, "the provider has no credential", "add one"));
    }
    test.report(begun.elapsed())
}

/// A test under way.
struct Test<'a> {
    upstream: &'a dyn Upstream,
    provider: &'a Provider,
    steps: Vec<TestStep>,
    reachable: Option<bool>,
    keys: Vec<Option<bool>>,
    models: Option<usize>,
}

impl Test<'_> {
    fn report(self, took: Duration) -> TestReport {
        let key_valid = if self.keys.contains(&Some(false)) {
            Some(false)
        } else if self.keys.is_empty() || self.keys.contains(&None) {
            None
        } else {
            Some(true)
        };
        TestReport {
            provider: self.provider.spec.name.clone(),
            reachable: self.reachable,
            key_valid,
            ok: self.reachable == Some(true) && self.steps.iter().all(|step| step.ok),
            steps: self.steps,
            models: self.models,
            took,
        }
    }

    /// Notes that an answer came: everything up to it is proven.
    fn reached(&mut self, answer: &Answer) {
        if self.reachable != Some(true) {
            self.steps.extend(passed_before(self.provider, StepName::Answer));
            let message = format!("it answers with status {}", answer.status.as_u16());
            self.steps.push(TestStep::new(StepName::Answer, StepState::Passed, message).after(answer.took));
        }
        self.reachable = Some(true);
    }

    fn unreached(&mut self, trouble: &crate::ask::Trouble) {
        if self.reachable.is_none() {
            self.steps.extend(of_trouble(self.provider, trouble));
            self.reachable = Some(false);
        }
    }

    /// The question of the owner's choice, where there is one.
    async fn probe(&mut self, credential: &ProviderCredential) {
        let spec = &self.provider.spec;
        let Some(probe) = &spec.surface.probe else { return };
        let url = spec.surface.probe_url(&spec.base_url, probe);
        let method = match probe.method {
            providers::custom::Method::Get => Method::GET,
            providers::custom::Method::Head => Method::HEAD,
        };
        match ask(self.upstream, self.provider, method, &url, With::Headers(&credential.headers)).await {
            Ok(answer) => {
                self.reached(&answer);
                self.steps.push(judge_probe(probe, &answer).after(answer.took));
            }
            Err(trouble) => self.unreached(&trouble),
        }
    }

    /// The list of models, asked for with this credential.
    async fn credential(&mut self, credential: &ProviderCredential) {
        if self.reachable == Some(false) {
            return;
        }
        let begun = Instant::now();
        let keyed = self.carries_key(credential);
        let verdict = match pages(self.upstream, self.provider, With::Headers(&credential.headers)).await {
            Ok(listed) => {
                self.reached(&Answer {
                    status: StatusCode::OK,
                    headers: http::HeaderMap::new(),
                    body: bytes::Bytes::new(),
                    took: begun.elapsed(),
                });
                self.models = Some(listed.len());
                let models = TestStep::new(StepName::Models, StepState::Passed, format!("it lists {} models", listed.len()));
                self.taken(keyed, models).await
            }
            Err(Failed::Answer(answer)) => {
                self.reached(&answer);
                let verdict = of_refusal(self.provider, &answer, keyed);
                self.without_list(verdict, &answer).await
            }
            Err(Failed::List(answer, fault)) => {
                self.reached(&answer);
                Verdict::unknown("the key was not judged", of_odd_list(&answer, &fault))
            }
            Err(Failed::Trouble(trouble)) => return self.unreached(&trouble),
        };
        self.keys.push(verdict.key_valid);
        self.steps.push(verdict.authentication.of(&credential.name));
        self.steps.push(verdict.models.of(&credential.name).after(begun.elapsed()));
    }

    fn carries_key(&self, credential: &ProviderCredential) -> bool {
        let surface = &self.provider.spec.surface;
        !matches!(surface.declaration.auth, Auth::None)
            && surface.key_header().is_some_and(|header| credential.headers.contains_key(header))
    }

    /// A list came. It proves the key where the provider wants one for it, which of a server that somebody set up is to be found out first:
    /// the same question without the key.
    async fn taken(&self, keyed: bool, models: TestStep) -> Verdict {
        let surface = &self.provider.spec.surface;
        if !keyed {
            return Verdict::unknown("no key is sent, and none is wanted for the list of models", models);
        }
        let passed = |models| Verdict {
            key_valid: Some(true),
            ..Verdict {
                authentication: TestStep::new(StepName::Authentication, StepState::Passed, "the key is taken"),
                ..Verdict::unknown("", models)
            }
        };
        if !surface.is_custom() {
            return passed(models);
        }
        match pages(self.upstream, self.provider, With::Nothing).await {
            Err(Failed::Answer(answer)) if matches!(answer.status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) => passed(models),
            _ => Verdict::unknown("the server lists its models without a key too, so that nothing is known of this one", models),
        }
    }

    /// Of a custom endpoint the list is no condition: where there is none, the way to it is enough (`providers/custom.md §1`, "generic").
    async fn without_list(&self, verdict: Verdict, answer: &Answer) -> Verdict {
        let spec = &self.provider.spec;
        let missing = matches!(answer.status, StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED);
        if !spec.surface.is_custom() || !missing {
            return verdict;
        }
        let models = match ask(self.upstream, self.provider, Method::HEAD, &spec.base_url, With::Nothing).await {
            Ok(_) => TestStep::new(StepName::Models, StepState::Unknown, "the server has no list of models; it answers at its base URL"),
            Err(_) => return verdict,
        };
        Verdict { models, ..verdict }
    }
}

fn judge_probe(probe: &Probe, answer: &Answer) -> TestStep {
    let status = answer.status.as_u16();
    let failed = |message: String, remedy: &str| TestStep::failed(StepName::Probe, message, remedy);
    let text = || String::from_utf8_lossy(&answer.body);
    if !probe.expect.contains(&status) {
        return match status {
            300..400 => {
                failed(format!("{} redirects ({status}), which is not followed", probe.path), "write the address that it points to")
            }
            503 if text().contains("Loading model") => {
                failed("the server is loading its model".to_owned(), "wait until it has loaded, then test again")
            }
            503 => failed(format!("{} says that the server is not well ({status})", probe.path), "look into the server's log"),
            404 | 405 => failed(format!("there is no {} ({status})", probe.path), "correct the path of the probe, or leave the probe out"),
            _ => failed(
                format!("{} answers with status {status}", probe.path),
                "look into the server's log, or correct the probe's `expect`",
            ),
        };
    }
    match &probe.expect_body_contains {
        Some(wanted) if !text().contains(wanted) => failed(
            format!("the answer of {} does not hold what the probe expects", probe.path),
            "check the path: some servers answer every path with 200",
        ),
        _ => TestStep::new(StepName::Probe, StepState::Passed, format!("{} says that the server is well", probe.path)),
    }
}
