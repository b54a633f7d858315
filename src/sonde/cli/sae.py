"""`sonde sae train | rank | page | score`: sparse autoencoders."""

from __future__ import annotations

from pathlib import Path

import typer

from sonde.cli.output import print_json

sae = typer.Typer(help="Train sparse autoencoders, rank and look at their latents.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add the commands to `app`."""
    app.add_typer(sae, name="sae")


@sae.command()
def train(
    store: list[str] = typer.Argument(help="Activation stores; or one data set, with --model, captured meanwhile."),
    out: Path = typer.Option(..., help="Folder of the result; an unfinished training in it goes on."),
    d_sae: list[int] = typer.Option(..., "--d-sae", min=1, help="Latents (repeatable: trained side by side)."),
    site: str = typer.Option("", help="Site; may be left out where the store has one only.", show_default=False),
    architecture: str = typer.Option("batchtopk", help="standard, topk, batchtopk, jumprelu, matryoshka_batchtopk."),
    k: float = typer.Option(32.0, help="Latents active per row."),
    seed: list[int] = typer.Option([0], help="Seed (repeatable: trained side by side)."),
    samples: int = typer.Option(None, min=1, help="Rows to see.", show_default="one pass, at least 2,000,000"),
    batch: int = typer.Option(2048, min=1, help="Rows a step."),
    learning_rate: float = typer.Option(None, help="Of Adam.", show_default="by d_sae"),
    coefficient: float = typer.Option(
        None, help="Fixed sparsity penalty of standard and jumprelu.", show_default="steered to k"
    ),
    model: str = typer.Option("", help="Capture the data with this model while training.", show_default=False),
    tokens: str = typer.Option("all", help="With --model: which tokens."),
    device: str = typer.Option("", help="cpu, cuda, …", show_default=False),
    force: bool = typer.Option(False, "--force", help="Start over, replacing what the folder holds."),
    json: bool = typer.Option(False, "--json", help="Print the result as JSON."),
) -> None:
    """Train on a store; killed and started again with the same settings, it ends with the same weights."""
    from sonde.run.sae_train import train_sae_from

    given = {"learning_rate": learning_rate, "coefficient": coefficient}
    trained = train_sae_from(
        store,
        out=out,
        site=site,
        seeds=seed,
        d_saes=d_sae,
        architecture=architecture,
        k=k,
        batch=batch,
        samples=samples,
        model=model or None,
        tokens=tokens,
        device=device or None,
        force=force,
        **{name: value for name, value in given.items() if value is not None},
    )
    if json:
        print_json(trained.content)
    else:
        print(trained.table())


@sae.command()
def rank(
    folder: str = typer.Argument(metavar="SAE", help="Folder of an SAE, or RELEASE:ID of a pretrained one."),
    concept: str = typer.Option(..., metavar="DATA", help="Labelled data: a built-in set, a file or a folder."),
    model: str = typer.Option("", help="Model to run; left out: the one the SAE names.", show_default=False),
    tokens: str = typer.Option("", help="Token selector.", show_default="as trained"),
    other: list[str] = typer.Option([], help="SAE of another seed, for stability (repeatable)."),
    pool: str = typer.Option("max", help="How the latents of an example's tokens become one: max, mean, last."),
    top: int = typer.Option(20, min=1, help="Latents listed."),
    resamples: int = typer.Option(1000, min=100, help="Bootstrap resamples."),
    seed: int = typer.Option(0, min=0, help="Seed of the split."),
    device: str = typer.Option("", help="cpu, cuda, …", show_default=False),
    json: bool = typer.Option(False, "--json", help="Print the ranking as JSON."),
) -> None:
    """Rank latents by a labelled concept, beside a dense probe and a random SAE on the same splits."""
    from sonde.run.sae_rank import rank as rank_by
    from sonde.run.sae_rank import ranking_table

    ranking = rank_by(
        folder,
        concept,
        model=model or None,
        tokens=tokens or None,
        others=other,
        pool=pool,
        top=top,
        resamples=resamples,
        seed=seed,
        device=device or None,
    )
    if json:
        print_json(ranking.to_json())
    else:
        print(ranking_table(ranking, top))


@sae.command()
def score(
    folder: str = typer.Argument(metavar="SAE", help="Folder of an SAE, or RELEASE:ID of a pretrained one."),
    source: str = typer.Argument("-", metavar="[TEXT|FILE|-]", help="Data or text to measure it on."),
    model: str = typer.Option("", help="Model to run; left out: the one the SAE names.", show_default=False),
    latent: list[int] = typer.Option([], min=0, help="Print this latent's activation at each token (repeatable)."),
    predicted: str = typer.Option(
        "", help="Selector of the tokens whose prediction counts.", show_default="the assistant's, or all where none is"
    ),
    device: str = typer.Option("", help="cpu, cuda, …", show_default=False),
    json: bool = typer.Option(False, "--json", help="Print the figures as JSON."),
) -> None:
    """Measure sparsity, reconstruction, and the loss recovered when the SAE is spliced into the model."""
    from sonde.run.sae_score import latent_scores, score_sae

    if latent:
        told = latent_scores(folder, source, latent, model=model or None, device=device or None)
        if json:
            print_json(told.content)
        else:
            print(told.table())
        return
    scores = score_sae(folder, source, model=model or None, predicted=predicted or None, device=device or None)
    if json:
        print_json(scores.content)
    else:
        print(scores.table())


@sae.command()
def page(
    folder: str = typer.Argument(metavar="SAE", help="Folder of an SAE, or RELEASE:ID of a pretrained one."),
    latent: list[int] = typer.Option([], min=0, help="Latent (repeatable).", show_default="every one that fires"),
    data: str = typer.Option("", help="Text to show examples of: a built-in set, a file.", show_default="as trained"),
    concept: str = typer.Option("", help="Labelled data for the concept table.", show_default=False),
    out: Path = typer.Option(None, help="Folder of the pages; left out: SAE/pages.", show_default=False),
    model: str = typer.Option("", help="Model to run; left out: the one the SAE names.", show_default=False),
    tokens: str = typer.Option("", help="Token selector.", show_default="as trained"),
    device: str = typer.Option("", help="cpu, cuda, …", show_default=False),
    force: bool = typer.Option(False, "--force", help="Replace the pages in the folder."),
    open_: bool = typer.Option(False, "--open", help="Open the index in a browser."),
) -> None:
    """Write a page a latent, with an index and a search, that opens offline."""
    from sonde.run.sae_pages import write_pages

    written = write_pages(
        folder,
        data or None,
        latents=latent or None,
        concept=concept or None,
        out=out,
        model=model or None,
        tokens=tokens or None,
        device=device or None,
        force=force,
    )
    print(written)
    if open_:
        typer.launch(str(written))
