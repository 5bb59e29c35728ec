//! The way to a provider: over the network, or to the simulator in this process.

use crate::failure::Failure;
use bytes::Bytes;
use futures_util::future::BoxFuture;
use gateway::egress::Egress;
use gateway::ports::{SendFault, Upstream, UpstreamBody};
use http::{Request, Response};
use simulator::Simulator;

pub(crate) struct Routes {
    network: upstream::Client,
    simulator: Simulator,
}

impl Routes {
    pub(crate) fn new() -> Result<Self, Failure> {
        let network = upstream::Client::new(upstream::Options::default()).map_err(Failure::failed)?;
        Ok(Self { network, simulator: Simulator::new(simulator::Options::default()) })
    }
}

impl Upstream for Routes {
    fn send<'a>(&'a self, request: Request<Bytes>, egress: &'a Egress) -> BoxFuture<'a, Result<Response<UpstreamBody>, SendFault>> {
        if egress.in_process {
            return Box::pin(async move { Ok(self.simulator.handle(request).await) });
        }
        self.network.send(request, egress)
    }
}
