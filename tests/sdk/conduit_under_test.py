"""Starts the simulator and Conduit in front of it, runs a command with their addresses in its environment, and stops them.

Usage: conduit_under_test.py COMMAND [ARGUMENT...], with the program in CONDUIT_BIN.
"""

import json
import os
import re
import secrets
import subprocess
import sys
import tempfile
import threading

START_SECONDS = 60


def mapping(name, provider, model, **more):
    return {"name": name, "provider": provider, "provider_model": model, **more}


def configuration(simulator, key):
    """Providers and mappings; a fault is asked for by the provider model's name."""

    def provider(name, kind, path, api_key="sim-sdk"):
        return {
            "name": name,
            "type": kind,
            "base_url": simulator + path,
            "credentials": {"api_key": api_key},
            "allow_private_network": True,
        }

    return {
        "providers": [
            provider("openai-main", "openai", "/openai/v1"),
            provider("groq-main", "groq", "/groq/openai/v1"),
            provider("anthropic-main", "anthropic", "/anthropic"),
            provider("openai-locked-out", "openai", "/openai/v1", api_key="not-a-key"),
        ],
        "models": [
            mapping("gpt-4o", "openai-main", "gpt-4o"),
            mapping("openai-reasoning", "openai-main", "o3"),
            mapping("embed", "openai-main", "text-embedding-3-small"),
            mapping("llama", "groq-main", "llama-3.3-70b-versatile"),
            mapping("groq-reasoning", "groq-main", "openai/gpt-oss-120b"),
            mapping("groq-vision", "groq-main", "qwen/qwen3.8-27b"),
            mapping("claude", "anthropic-main", "claude-opus-5"),
            mapping("claude-small", "anthropic-main", "claude-haiku-4-5"),
            mapping("team/with:signs", "openai-main", "gpt-4o-mini"),
            mapping("rate-limited", "openai-main", "gpt-4o;status=429;retry-after=7"),
            mapping("claude-rate-limited", "anthropic-main", "claude-opus-5;status=429;retry-after=7"),
            mapping("out-of-quota", "openai-main", "gpt-4o;status=429;code=insufficient_quota"),
            mapping("failing", "openai-main", "gpt-4o;status=500"),
            mapping("claude-overloaded", "anthropic-main", "claude-opus-5;status=529"),
            mapping("locked-out", "openai-locked-out", "gpt-4o"),
            mapping("unknown-upstream", "openai-main", "gpt-nonsense"),
            mapping("cut", "openai-main", "gpt-4o;cut-after=4"),
            mapping("unfinished", "openai-main", "gpt-4o;no-finish"),
            mapping("claude-cut", "anthropic-main", "claude-opus-5;cut-after=7"),
            mapping("claude-error", "anthropic-main", "claude-opus-5;error-at=8"),
            mapping("slow-stream", "openai-main", "gpt-4o;events=600;event-delay=100ms"),
            mapping("claude-slow-stream", "anthropic-main", "claude-opus-5;events=600;event-delay=100ms"),
            mapping("slow-answer", "openai-main", "gpt-4o;delay=60s"),
        ],
        "keys": [{"name": "sdk", "key": key}],
    }


def start(arguments, environment, folder, name):
    """Starts the program and returns it with the address that it prints."""
    log = open(os.path.join(folder, name + ".log"), "w+", encoding="utf-8")
    process = subprocess.Popen(
        [os.environ["CONDUIT_BIN"], *arguments], env=environment, stdout=subprocess.PIPE, stderr=log, text=True, cwd=folder
    )
    timer = threading.Timer(START_SECONDS, process.kill)
    timer.start()
    address = None
    for line in process.stdout:
        found = re.search(r"running at (http://\S+)", line)
        if found:
            address = found.group(1)
            break
    timer.cancel()
    if address is None:
        process.kill()
        log.seek(0)
        raise SystemExit(f"conduit {' '.join(arguments)} did not start:\n{log.read()}")
    threading.Thread(target=process.stdout.read, daemon=True).start()
    return process, address


def stop(process):
    process.terminate()
    try:
        process.wait(timeout=20)
    except subprocess.TimeoutExpired:
        process.kill()
        raise SystemExit("conduit did not stop within 20 seconds") from None


def main(command):
    key = "sdk-" + secrets.token_hex(20)
    environment = {name: value for name, value in os.environ.items() if not name.startswith("CONDUIT_") and name != "DATABASE_URL"}
    environment["CONDUIT_MASTER_KEY"] = secrets.token_urlsafe(32)
    environment["CONDUIT_ROOT_SECRET"] = secrets.token_urlsafe(48)
    with tempfile.TemporaryDirectory(prefix="conduit-sdk-") as folder:
        simulator, simulator_url = start(["simulate", "--listen", "127.0.0.1:0"], environment, folder, "simulate")
        try:
            config = os.path.join(folder, "conduit.json")
            with open(config, "w", encoding="utf-8") as file:
                json.dump(configuration(simulator_url, key), file)
            arguments = ["serve", "--config", config, "--listen", "127.0.0.1:0", "--data-dir", os.path.join(folder, "data")]
            gateway, gateway_url = start(arguments, environment, folder, "serve")
            try:
                suite = {**os.environ, "SDK_BASE_URL": gateway_url + "/v1", "SDK_KEY": key, "SDK_SIMULATOR_URL": simulator_url}
                code = subprocess.call(command, env=suite)
                if code != 0:
                    show_log(folder, "serve")
            finally:
                stop(gateway)
        finally:
            stop(simulator)
    return code


def show_log(folder, name):
    with open(os.path.join(folder, name + ".log"), encoding="utf-8") as log:
        print(f"--- the last lines of conduit {name}'s log", file=sys.stderr)
        sys.stderr.writelines(log.readlines()[-30:])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
