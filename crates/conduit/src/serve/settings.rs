//! The limits of the configuration as the gateway takes them; what is not set keeps the gateway's own value.

use crate::config::ServerEntry;
use gateway::Settings;
use std::time::Duration;

/// The values that only a start can set; a reload keeps those in force.
pub(super) fn of(entry: &ServerEntry) -> Settings {
    let usual = Settings::default();
    let some = |given: Option<u32>| given.map(|count| usize::try_from(count).unwrap_or(usize::MAX));
    let size = |given: Option<u32>, usual: usize| some(given).unwrap_or(usual);
    let time = |given: Option<Duration>, usual: Duration| given.unwrap_or(usual);
    Settings {
        max_body: entry.max_body,
        keepalive_after: entry.keepalive_after,
        request_deadline: time(entry.request_deadline, usual.request_deadline),
        drain_delay: time(entry.drain_delay, usual.drain_delay),
        head_timeout: time(entry.head_timeout, usual.head_timeout),
        idle_timeout: time(entry.idle_timeout, usual.idle_timeout),
        max_in_flight: size(entry.max_in_flight, usual.max_in_flight),
        queue_size: size(entry.queue_size, usual.queue_size),
        queue_wait: time(entry.queue_wait, usual.queue_wait),
        max_in_flight_per_provider: some(entry.max_in_flight_per_provider).or(usual.max_in_flight_per_provider),
        max_connections: some(entry.max_connections).or(usual.max_connections),
        max_connections_per_ip: size(entry.max_connections_per_ip, usual.max_connections_per_ip),
        ..usual
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{CommandLine, Environment, load};

    /// Every limit that a configuration may set reaches the gateway.
    #[test]
    fn what_is_set_arrives_and_the_rest_is_the_gateways_own() {
        let none = load(&CommandLine::default(), &Environment::default()).unwrap_or_else(|problems| panic!("{problems}"));
        assert_eq!(format!("{:?}", of(&none.server)), format!("{:?}", Settings::default()));
        let environment = Environment::default()
            .with("CONDUIT_SERVER__MAX_IN_FLIGHT", "7")
            .with("CONDUIT_SERVER__MAX_IN_FLIGHT_PER_PROVIDER", "4")
            .with("CONDUIT_SERVER__HEAD_TIMEOUT", "19s")
            .with("CONDUIT_SERVER__QUEUE__SIZE", "3")
            .with("CONDUIT_SERVER__QUEUE__WAIT", "9ms")
            .with("CONDUIT_SERVER__MAX_CONNECTIONS", "11")
            .with("CONDUIT_SERVER__MAX_CONNECTIONS_PER_IP", "5")
            .with("CONDUIT_SERVER__REQUEST_DEADLINE", "13s")
            .with("CONDUIT_SERVER__DRAIN_DELAY", "0s")
            .with("CONDUIT_SERVER__IDLE_TIMEOUT", "17s");
        let config = load(&CommandLine::default(), &environment).unwrap_or_else(|problems| panic!("{problems}"));
        let settings = of(&config.server);
        assert_eq!((settings.max_in_flight, settings.queue_size, settings.queue_wait), (7, 3, Duration::from_millis(9)));
        assert_eq!((settings.max_connections, settings.max_connections_per_ip), (Some(11), 5));
        assert_eq!((settings.request_deadline, settings.drain_delay), (Duration::from_secs(13), Duration::ZERO));
        assert_eq!((settings.idle_timeout, settings.head_timeout), (Duration::from_secs(17), Duration::from_secs(19)));
        assert_eq!(settings.max_in_flight_per_provider, Some(4));
    }
}
