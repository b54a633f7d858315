"""A judge model behind any OpenAI-compatible endpoint: requests that are retried, counted, and kept."""

from __future__ import annotations

import os
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sonde.base.errors import InputError, SondeError
from sonde.base.progress import progress_bar
from sonde.recipe import RolloutRecipe
from sonde.run.rollouts.cache import Cache, key_of
from sonde.run.rollouts.verdicts import Case, JudgeRefused, MalformedVerdict, read_verdict

#: Cases in a row that may get no verdict before the endpoint counts as lost.
PATIENCE = 8
#: Longest verdict, in tokens.
VERDICT_TOKENS = 200
#: Seconds of the first pause and of the longest.
PAUSE = (1.0, 60.0)


@dataclass
class Judge:
    """Asks for verdicts.

    Attributes:
        client: an `openai.OpenAI`, without retries of its own.
        model: name of the judge model.
        url: of the endpoint, for errors.
        cache: verdicts by content.
        attempts: requests for one verdict, at most.
        workers: requests under way at a time.
        pause: seconds of the first pause after a failure, which doubles, and of the longest.
        counts: requests, verdicts, what came from the cache, and every kind of failure.
    """

    client: Any
    model: str
    url: str
    cache: Cache
    attempts: int = 5
    workers: int = 4
    pause: tuple[float, float] = PAUSE
    counts: Counter[str] = field(default_factory=Counter)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def read(self, cases: Sequence[Case]) -> list[str | None]:
        """Return a verdict a case; None where the judge gave none after every attempt.

        Every verdict is kept as it comes, so that an interruption loses none; a case without verdict is asked about
        again the next time.

        Raises:
            InputError: the endpoint rejects the key or does not know the model.
            SondeError: the endpoint cannot be reached, or stopped answering.
        """
        keys = [key_of(self.model, case.messages(), list(case.choices)) for case in cases]
        missing = {key: case for key, case in zip(keys, cases, strict=True) if key not in self.cache}
        self.counts["cached"] += len(set(keys)) - len(missing)
        failed_in_a_row = 0
        with (
            progress_bar(len(missing), f"verdicts of {self.model}", "verdict") as bar,
            ThreadPoolExecutor(self.workers) as pool,
        ):
            futures = {pool.submit(self._verdict, case): key for key, case in missing.items()}
            try:
                for future in as_completed(futures):
                    verdict, reason = future.result()
                    if verdict is None:
                        failed_in_a_row += 1
                        self.counts["unjudged"] += 1
                        self._give_up(failed_in_a_row, len(missing), reason)
                    else:
                        failed_in_a_row = 0
                        self.counts["verdicts"] += 1
                        self.cache.put({futures[future]: verdict})
                    bar.update(1)
            finally:
                pool.shutdown(wait=False, cancel_futures=True)
        return [self.cache.values.get(key) for key in keys]

    def _give_up(self, failed: int, asked: int, reason: str) -> None:
        if failed < min(PATIENCE, asked) or reason in ("malformed", "refused"):
            return
        done = self.counts["verdicts"]
        raise SondeError(
            f"The judge at {self.url} gave no verdict on {failed} answers in a row ({reason}; {done} of {asked} "
            "judged): see that the endpoint runs and that [rollout] judge_url is right, then run again; "
            "what was judged is kept."
        )

    def _verdict(self, case: Case) -> tuple[str | None, str]:
        """Return the verdict, or None and the kind of the last failure."""
        import tenacity

        kinds: list[str] = []

        def note(state: tenacity.RetryCallState) -> None:
            error = state.outcome.exception() if state.outcome else None
            kinds.append(failure_of(error))
            with self._lock:
                self.counts[kinds[-1]] += 1

        retrying = tenacity.Retrying(
            stop=tenacity.stop_after_attempt(self.attempts),
            wait=_wait(self.pause),
            retry=tenacity.retry_if_exception(lambda error: failure_of(error) != ""),
            after=note,
            reraise=True,
        )
        try:
            return retrying(self._request, case), ""
        except Exception as error:
            if failure_of(error):
                return None, failure_of(error)
            raise self._rejected(error) from None

    def _request(self, case: Case) -> str:
        with self._lock:
            self.counts["requests"] += 1
        reply = self.client.chat.completions.create(
            model=self.model, messages=case.messages(), temperature=0, max_tokens=VERDICT_TOKENS
        )
        choices = getattr(reply, "choices", None)
        if not choices:
            raise MalformedVerdict("the reply has no choices")
        return read_verdict(choices[0].message.content, case.choices)

    def _rejected(self, error: Exception) -> Exception:
        status = getattr(error, "status_code", None)
        if status is None:
            return error
        why = {401: "it rejects the key", 403: "the key may not use it", 404: f"it does not know {self.model!r}"}
        return InputError(
            f"The judge at {self.url} answers with status {status} ({why.get(status, 'it rejects the request')}): "
            "check [rollout] judge_url, judge_model and the variable that judge_key names."
        )


def failure_of(error: BaseException | None) -> str:
    """Return the kind of a failure that is worth another try, or "" for any other."""
    import openai

    kinds: dict[str, type[BaseException]] = {
        "timeout": openai.APITimeoutError,
        "disconnected": openai.APIConnectionError,
        "rate_limited": openai.RateLimitError,
        "server_error": openai.InternalServerError,
        "malformed": MalformedVerdict,
        "refused": JudgeRefused,
    }
    found = next((name for name, kind in kinds.items() if isinstance(error, kind)), "")
    return found or ("malformed" if isinstance(error, ValueError | openai.APIResponseValidationError) else "")


def _wait(pause: tuple[float, float]) -> Callable[[Any], float]:
    """Return pauses that double, with jitter, but are never shorter than the server's `Retry-After`."""
    import tenacity

    doubling = tenacity.wait_random_exponential(multiplier=pause[0], max=pause[1])

    def wait(state: tenacity.RetryCallState) -> float:
        error = state.outcome.exception() if state.outcome else None
        headers = getattr(getattr(error, "response", None), "headers", {})
        try:
            asked = min(float(headers.get("retry-after", 0)), pause[1])
        except ValueError:
            asked = 0.0
        return max(asked, float(doubling(state)))

    return wait


def make_judge(settings: RolloutRecipe) -> Judge | None:
    """Return the judge that a recipe names, or None; no request is made yet.

    Raises:
        InputError: the `judge` extra is not installed, or the variable that holds the key is not set.
    """
    if settings.judge_model is None:
        return None
    try:
        import openai
        import tenacity  # noqa: F401
    except ImportError as error:
        raise InputError(
            "A judge needs the openai client, which is not installed: pip install 'sonde[judge]', or leave [rollout] "
            "judge_model out to read closed answers by rule alone."
        ) from error
    key = os.environ.get(settings.judge_key, "").strip()
    if not key:
        raise InputError(
            f"No key for the judge at {settings.judge_url}: set the environment variable {settings.judge_key} (any "
            "text for a local endpoint without keys), or leave [rollout] judge_model out."
        )
    client = openai.OpenAI(api_key=key, base_url=settings.judge_url, timeout=settings.judge_timeout, max_retries=0)
    name = key_of(settings.judge_model, settings.judge_url)[:12]
    about = {"judge": settings.judge_model, "url": settings.judge_url}
    cache = Cache(Path(settings.cache) / f"verdicts-{name}.jsonl", about)
    return Judge(
        client,
        settings.judge_model,
        settings.judge_url,
        cache,
        attempts=settings.judge_attempts,
        workers=settings.judge_workers,
    )
