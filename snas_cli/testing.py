"""Conformance checks for components of every kind: ours pass them, and so should yours.

In a plugin's own tests:

    from snas_cli.testing import check_family

    def test_my_family():
        check_family(MyFamily())

Each function raises AssertionError with what the component does that it must not, or fails to do.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from math import isfinite
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

from snas_cli.api import (
    CandidateError,
    DataRequest,
    Dataset,
    Executor,
    Exporter,
    Family,
    Flag,
    Genome,
    Job,
    LabelledImages,
    Layers,
    ModelCard,
    Operator,
    Ordinal,
    Pictures,
    Proposal,
    Proxy,
    SearchError,
    SearchSetup,
    Slot,
    Space,
    Split,
    Strategy,
    Task,
    Trial,
    WorkerSetup,
)
from snas_cli.recipe.customising import SHARED_GENES
from snas_cli.recipe.resolve import own_space

if TYPE_CHECKING:
    from torch import nn

TASKS = (Task((1, 8, 8), 2), Task((1, 28, 28), 10), Task((3, 33, 47), 7), Task((3, 64, 64), 100))


def check_family(family: Family, *, genomes: int = 12, seed: int = 0) -> None:
    """Random genomes become networks that give finite logits and gradients, for several tasks, and
    no gene is decoration: networks differ exactly where phenotypes do."""
    space = own_space(family)
    rng = Random(seed)
    for number in range(genomes):
        genome = space.sample(rng)
        again = space.from_json(json.loads(json.dumps(genome.to_json())))
        assert again == genome, f"{genome} changes on its way through JSON"
        _check_network(family, genome, TASKS[number % len(TASKS)])
    for _ in range(4):
        _check_genes(family, space, rng)


def _check_network(family: Family, genome: Genome, task: Task) -> None:
    import torch

    torch.manual_seed(0)
    network = family.build(genome.genes, task)
    images = torch.randn(3, *task.input_shape)
    logits = network.train()(images)
    assert logits.shape == (3, task.classes), f"{genome}: logits {tuple(logits.shape)} for {task}"
    logits.square().mean().backward()
    for name, parameter in network.named_parameters():
        gradient = parameter.grad
        assert gradient is not None, f"{genome}: {name} has no gradient: it plays no part"
        assert gradient.isfinite().all(), f"{genome}: the gradient of {name} is not finite"
    network.eval()
    with torch.no_grad():
        one, whole = network(images[:1]), network(images)
    assert torch.allclose(one, whole[:1], atol=1e-4), f"{genome}: pictures sway each other"
    with torch.device("meta"):
        family.build(genome.genes, task)  # to count what it costs


TRAINING_GENES = {"learning_rate", "optimizer"}  # the trainer's


def _check_genes(family: Family, space: Space, rng: Random) -> None:
    """Steps one gene of each name in a random genome."""
    genome = space.sample(rng)
    sites = space.sites(genome)
    rng.shuffle(sites)
    for name, site in {site.path[-1]: site for site in sites}.items():
        child = space.step(genome, site, rng)
        if child == genome or name in TRAINING_GENES:
            continue
        differ = _answers(family, genome) != _answers(family, child)
        if child.fingerprint == genome.fingerprint:
            assert not differ, f"{name}: two networks have one phenotype: {genome}, {child}"
        else:
            assert differ, f"{name} changes nothing, from {genome} to {child}; see phenotype()"


def _answers(family: Family, genome: Genome) -> list[Any]:
    """What tells one network from another: the shapes of its weights, and what it answers in
    training, where dropout counts. No weight is left at 0, where it would hide what it scales."""
    import torch

    torch.manual_seed(0)
    network = family.build(genome.genes, Task((3, 12, 16), 5)).train()
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
        logits = network(torch.randn(4, 3, 12, 16))
    return [*(parameter.shape for parameter in network.parameters()), logits.tolist()]


def sample_space() -> Space:
    """Families with every kind of gene and every role, to try operators and strategies on."""
    layer = {"width": Ordinal(1, 2, 4, 8), "skip": Flag()}
    mixing = {
        "heads": Ordinal(1, 2, 4, role="heads"),
        "tokens": Ordinal(0.5, 1.0, 2.0, role="token_mixing"),
        "channels": Ordinal(1, 2, 4, role="channel_mixing"),
    }
    families = {
        "deep": {**SHARED_GENES, "layers": Layers(1, 6, layer), "scale": Ordinal(0.5, 1.0)},
        "flat": {**SHARED_GENES, "size": Ordinal(1, 2, 4, 8, 16)},
        "tokens": {
            **SHARED_GENES,
            "patch": Ordinal(2, 4, 8, role="patch"),
            "embedding": Ordinal(16, 32, 64, role="embedding"),
            "layers": Layers(1, 6, mixing, role="depth"),
        },
    }
    return Space(families)


def check_operator(operator: Operator, space: Space | None = None, *, seed: int = 0) -> None:
    """Children belong to the space, parents stay as they were, chance comes from `rng` alone, and
    something changes now and then."""
    space = space or sample_space()
    changed = 0
    for number in range(100):
        genome = space.sample(Random(number + seed))
        before = json.dumps(genome.to_json())
        child, twin = (operator.mutate(genome, space, Random(number), 0.3) for _ in range(2))
        assert space.from_json(child.to_json()) == child, f"{child} is not of the space"
        assert json.dumps(genome.to_json()) == before, f"{operator.name} changed its parent"
        assert child == twin, f"{operator.name} draws chance from elsewhere than its generator"
        changed += child != genome
    assert changed, f"{operator.name} never changes anything"


def sample_setup(operators: Sequence[Operator] = (), space: Space | None = None) -> SearchSetup:
    """What a strategy could be given; without operators, with one that draws a new genome."""
    weighted = tuple((operator, operator.weight) for operator in operators or [_Redraw()])
    return SearchSetup(
        space=space or sample_space(),
        operators=weighted,
        admit=lambda genome: genome.genes["dropout"] < 0.5,
        population_size=6,
        elites=1,
        tournament_size=2,
        mutation_rate=0.2,
        crossover_rate=0.5,
    )


class _Redraw(Operator):
    name = "redraw"

    def mutate(self, genome: Genome, space: Space, rng: Random, rate: float) -> Genome:
        return space.sample(rng, genome.family)


def check_strategy(strategy: type[Strategy], setup: SearchSetup | None = None) -> None:
    """Proposals are of the space and within the limits; `ask` is repeatable and leaves no trace;
    a new instance that is told the same trials goes on in the same way."""
    setup = setup or sample_setup()
    first, second = strategy(setup), strategy(setup)
    told = 0
    for generation in range(4):
        numbers = range(told, told + first.batch_size)
        proposals = _ask(first, numbers)
        assert proposals == _ask(first, numbers), f"{strategy.name}: ask changes the strategy"
        assert proposals == _ask(second, numbers), f"{strategy.name}: tell does not carry all"
        _check_proposals(proposals, setup, told)
        trials = [_judged(*pair, generation) for pair in zip(numbers, proposals, strict=True)]
        first.tell(trials)
        second.tell(trials)
        told += len(trials)


def _ask(strategy: Strategy, numbers: Sequence[int]) -> list[Proposal]:
    return strategy.ask([Random(number) for number in numbers])


def _check_proposals(proposals: Sequence[Proposal], setup: SearchSetup, told: int) -> None:
    for proposal in proposals:
        genome = proposal.genome
        assert setup.space.from_json(genome.to_json()) == genome, f"{genome} is not of the space"
        assert setup.admit(genome), f"{genome} is over the limits"
        assert all(0 <= parent < told for parent in proposal.parents), "parents must be told trials"


def _judged(number: int, proposal: Proposal, generation: int) -> Trial:
    """A trial with an arbitrary fitness; each fifth has failed."""
    if number % 5 == 4:
        return Trial(number, generation, proposal, None, reason="failed on purpose")
    fitness = int(proposal.genome.fingerprint, 16) % 1000 / 1000
    return Trial(number, generation, proposal, fitness, {"val_acc": fitness})


def check_dataset(dataset: Dataset, request: DataRequest) -> LabelledImages:
    """Every split has pictures of the right form and a label for each; returned for more checks."""
    assert dataset.summary, f"{dataset.name} needs a summary"
    data = dataset.load(request)
    assert len(set(data.classes)) == len(data.classes) >= 2, f"classes: {data.classes}"
    for split in (data.train, data.val, data.test):
        if split is not None:
            _check_split(split, len(data.classes))
    return data


def _check_split(split: Split, classes: int) -> None:
    images = split.images
    assert len(images) == len(split.labels) > 0, f"{len(images)} images, {len(split.labels)} labels"
    assert all(0 <= label < classes for label in split.labels), "labels count from 0 to classes - 1"
    if isinstance(images, Pictures):
        images.open(0).close()
        assert images.describe(0), "a picture needs a name for error messages"
        return
    assert images.dtype == "uint8", f"images are {images.dtype}, not uint8"
    assert images.ndim == 3 or (images.ndim == 4 and images.shape[3] == 3), f"{images.shape}"


def check_exporter(exporter: Exporter, folder: Path) -> None:
    """What is written, loaded in its own runtime, computes what the network computes."""
    import torch

    torch.manual_seed(0)
    network = _small_network().eval()
    card = ModelCard(
        architecture={"family": "small", "genes": {}},
        input_shape=(3, 12, 10),
        classes=("cat", "dog", "emu"),
        mean=(0.5, 0.4, 0.3),
        std=(0.2, 0.2, 0.3),
    )
    model, *others = exporter.write(network, card, folder)
    assert all(path.is_file() for path in (model, *others)), f"{exporter.name}: files are missing"
    runtime = exporter.load(model)
    for count in (1, 5):
        images = torch.randn(count, *card.input_shape)
        with torch.no_grad():
            expected = network(images)
        actual = torch.from_numpy(runtime(images.numpy()))
        assert actual.shape == expected.shape, f"{exporter.name}: logits {tuple(actual.shape)}"
        difference = (actual - expected).abs().max().item()
        assert difference < 1e-3, f"{exporter.name}: logits differ by {difference}"


def _small_network() -> nn.Module:
    from torch import nn

    return nn.Sequential(
        nn.Conv2d(3, 8, 3, padding=1),
        nn.BatchNorm2d(8),
        nn.ReLU(),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(8, 3),
    )


def check_executor(executor: type[Executor]) -> None:
    """Each job has its own result or reason, time after time, and an error of the search itself is
    passed on as what it is. Without options, it must run on any machine."""
    setup = WorkerSetup("snas_cli.testing:divider", {"of": 12})
    jobs = [Job(number, {"by": (number, number % 4)}, weight=number % 3) for number in range(8)]
    with executor({}).open(setup) as opened:
        for _ in range(2):
            results = sorted(opened.run(jobs), key=lambda result: result.number)
            assert [result.number for result in results] == list(range(8)), f"{results}"
            for result, job in zip(results, jobs, strict=True):
                number, by = job.payload["by"]
                value = {"at": [number, result.worker], "quotient": 12 / by} if by else None
                assert result.value == value, f"job {job} gave {result}"
                told = (result.reason or "").startswith("ZeroDivisionError")
                assert told == result.failed, f"a failed job has a reason, and no other: {result}"
        assert not list(opened.run([])), f"{executor.name}: results of no jobs"
        error = _search_error(lambda: list(opened.run([Job(0, {"by": (0, "one")})])))
        assert error == "cannot divide by 'one'", f"{executor.name}: {error}"
    error = _search_error(lambda: _run_one(executor, WorkerSetup(setup.maker, {"of": "one"})))
    assert error == "cannot divide 'one'", f"{executor.name}: {error}"


def _run_one(executor: type[Executor], setup: WorkerSetup) -> None:
    with executor({}).open(setup) as opened:
        list(opened.run([Job(0, {"by": (0, 1)})]))


def _search_error(call: Callable[[], object]) -> str | None:
    try:
        call()
    except SearchError as error:
        return str(error)
    return None


def divider(arguments: Mapping[str, Any], slot: Slot) -> Callable[[Mapping[str, Any]], Any]:
    """What workers do in `check_executor`."""
    of = arguments["of"]
    if isinstance(of, str):
        raise SearchError(f"cannot divide {of!r}")

    def divide(payload: Mapping[str, Any]) -> Mapping[str, Any]:
        number, by = payload["by"]
        if isinstance(by, str):
            raise SearchError(f"cannot divide by {by!r}")
        return {"at": (number, slot.number), "quotient": of / by}

    return divide


def check_proxy(proxy: Proxy) -> None:
    """Networks of several kinds and a deep one have a score, the same whenever torch's generator
    starts from the same seed; a proxy may refuse a kind by CandidateError, but not all of them. The
    batch stays as it was."""
    assert proxy.summary, f"{proxy.name} needs a summary"
    refused = []
    for kind in _untrained():
        try:
            _check_score(proxy, kind)
        except CandidateError as error:
            refused.append(f"{kind}: {error}")
    assert len(refused) < 4, f"{proxy.name} has no score for any network: {'; '.join(refused)}"


def _check_score(proxy: Proxy, kind: str) -> None:
    import torch

    images, labels = torch.randn(8, 3, 12, 10), torch.arange(8) % 3
    scores = []
    for _ in range(2):
        torch.manual_seed(0)
        given = images.clone(), labels.clone()
        scores.append(proxy.score(_untrained()[kind].train(), *given))
        same = torch.equal(given[0], images) and torch.equal(given[1], labels)
        assert same, f"{proxy.name} changes the batch, which other proxies are given too"
    score, again = scores
    assert type(score) is float, f"{proxy.name} returns {score!r}, not a float"
    assert isfinite(score), f"{proxy.name}: {score} for a network that is {kind}"
    assert score == again, f"{proxy.name} draws chance from elsewhere than torch's generator"


def _untrained() -> dict[str, nn.Module]:
    """Networks of 3×12×10 pictures and 3 classes."""
    from torch import nn

    def dense(*layers: nn.Module) -> nn.Module:
        return nn.Sequential(nn.Flatten(), nn.Linear(360, 32), *layers, nn.Linear(32, 3))

    repeated = [[nn.Linear(32, 32), nn.BatchNorm1d(32), nn.ReLU()] for _ in range(60)]
    return {
        "convolutional": _small_network(),
        "a perceptron": dense(nn.ReLU(), nn.Dropout(0.2)),
        "without rectifiers": dense(nn.GELU(), nn.LayerNorm(32)),
        "deep": dense(*(layer for block in repeated for layer in block)),
    }


def check_component(kind: str, item: Any, folder: Path) -> None:
    """The check of the item's kind. A data set that needs the user's own files, or a download, is
    for `check_dataset`."""
    checks = {
        "family": lambda: check_family(item),
        "operator": lambda: check_operator(item),
        "strategy": lambda: check_strategy(item),
        "executor": lambda: check_executor(item),
        "proxy": lambda: check_proxy(item),
        "exporter": lambda: check_exporter(item, folder),
    }
    checks[kind]()
