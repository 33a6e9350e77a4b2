"""GET /labels: the groups of labels that this service tags."""

from fastapi import APIRouter

from function.api.dependencies import TaggerDep
from function.api.schemas import LabelGroup, Labels

router = APIRouter()


@router.get("/labels", summary="List the labels")
async def labels(tagger: TaggerDep) -> Labels:
    """Return the groups of labels this service tags, with their prompts."""
    label_set = tagger.bank.labels
    groups = [
        LabelGroup(
            name=group.name,
            labels=list(group.labels),
            background=list(group.background),
            templates=list(group.templates),
            parent=group.parent,
            parent_labels=list(group.parent_labels),
        )
        for group in label_set.groups
    ]
    return Labels(digest=label_set.digest, groups=groups)
