"""A pet comes in: the request answers at once, three jobs follow it, and all of them tell the request's group."""

import asyncio
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, StringConstraints

from steps import Context, Request, http, queue, step

from .profiles import QUESTIONS, NoAnswer, ask, fallback
from .streams import MESSAGE

CREATED, REMINDER, CHECKED = "pet.created", "pet.feeding.reminder", "pet.health.checked"
PETS = "pets"  # scope of the state
STAGE_S = 0.3  # between the stages of an enrichment, for people to see them
CHECK_S = 1.0  # of a health check

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]


class NewPet(BaseModel):
    """A pet that comes in."""

    name: Text
    species: Literal["dog", "cat", "bird", "other"]
    ageMonths: Annotated[int, Field(ge=0, le=1200)]
    symptoms: Annotated[list[Text], Field(max_length=20)] = []


class PetEvent(BaseModel):
    """Something that is to be done about a pet, or has happened to it."""

    petId: str


class Checked(PetEvent):
    """The result of a health check."""

    healthy: bool


class Told(BaseModel):
    """The first thing that is told, and where to listen for the rest."""

    message: str


@step(
    "CreatePet",
    triggers=[http("POST", "/pets", body=NewPet, response={201: Told})],
    enqueues=[CREATED, REMINDER],
    flows=["pets"],
)
async def create_pet(request: Request, ctx: Context) -> Any:
    """Take a pet in and answer at once; the answer says where the rest is told."""
    counted = await ctx.state.update("counters", PETS, [{"type": "increment", "path": "last", "by": 1}])
    pet = {"id": str(counted.new_value["last"]), **request.body.model_dump(), "status": "new"}
    await ctx.state.set(PETS, pet["id"], pet)
    ctx.logger.info("🐾 Pet created", {"petId": pet["id"], "name": pet["name"]})
    text = (
        f"Pet {pet['name']} (ID: {pet['id']}) created successfully. "
        f"Species: {pet['species']}, age: {pet['ageMonths']} months, status: {pet['status']}"
    )
    told = await tell(ctx, text, 10)
    for topic in (CREATED, REMINDER):
        await ctx.enqueue(topic, {"petId": pet["id"]})
    return {"status": 201, "body": told}


@step(
    "SetNextFeedingReminder",
    triggers=[queue(REMINDER, input=PetEvent)],
    enqueues=[CHECKED],
    flows=["pets"],
)
async def set_next_feeding_reminder(event: PetEvent, ctx: Context) -> None:
    """Put the pet into quarantine, plan its next meal and check its health."""
    pet = await change(ctx, event.petId, {"status": "in_quarantine", "nextFeedingHours": 24})
    ctx.logger.info("🔒 Quarantine begun", {"petId": pet["id"]})
    await tell(ctx, f"Pet {pet['name']} entered quarantine period", 30)
    await asyncio.sleep(CHECK_S)
    symptoms = pet["symptoms"]
    if symptoms:
        ctx.logger.warning("🤒 Symptoms detected", {"petId": pet["id"], "symptoms": symptoms})
        text = f"Health check failed for {pet['name']} - symptoms detected: {', '.join(symptoms)}"
    else:
        ctx.logger.info("🩺 No symptoms found", {"petId": pet["id"]})
        text = f"Health check passed for {pet['name']} - no symptoms found"
    await tell(ctx, text, 60)
    await ctx.enqueue(CHECKED, {"petId": pet["id"], "healthy": not symptoms}, delay=CHECK_S)


@step("Orchestrator", triggers=[queue(CHECKED, input=Checked)], flows=["pets"])
async def orchestrate(event: Checked, ctx: Context) -> None:
    """Decide what becomes of a pet after its health check."""
    status = "available" if event.healthy else "under_treatment"
    pet = await change(ctx, event.petId, {"status": status})
    if event.healthy:
        ctx.logger.info("✅ Ready for adoption", {"petId": pet["id"]})
        await tell(ctx, f"{pet['name']} is healthy and ready for adoption! ✅", 100)
    else:
        ctx.logger.warning("❌ Treatment needed", {"petId": pet["id"]})
        await tell(ctx, f"{pet['name']} needs medical treatment ❌", 100)


@step("AiProfileEnrichment", triggers=[queue(CREATED, input=PetEvent)], flows=["pets"])
async def enrich_profile(event: PetEvent, ctx: Context) -> None:
    """Let a language model write the pet's profile, stage by stage; when it fails, a plain profile does."""
    pet = await ctx.state.get(PETS, event.petId)
    stream, group = ctx.streams.petCreation, ctx.trace_id
    ctx.logger.info("🤖 Enrichment started", {"petId": pet["id"]})
    await stream.set(group, "enrichment_started", {"message": f"AI enrichment started for {pet['name']}"})
    plain, profile, failed = fallback(pet), dict[str, str](), ""
    for number, field in enumerate(QUESTIONS, 1):
        try:
            profile[field] = plain[field] if failed else await ask(field, pet)
        except NoAnswer as error:
            profile, failed = {**plain}, str(error)
            ctx.logger.warning("⚠️ The model does not answer", {"petId": pet["id"], "reason": failed})
        ctx.logger.info("✨ Stage done", {"petId": pet["id"], "stage": field})
        told = {"message": profile[field], "progress": 100 * number // len(QUESTIONS), "data": {"field": field}}
        await stream.set(group, f"progress_{field}", told)
        await asyncio.sleep(STAGE_S)
    await change(ctx, pet["id"], {"profile": profile})
    how = "with fallback profile" if failed else "with AI profile"
    ctx.logger.info("🎉 Enrichment completed", {"petId": pet["id"], "how": how})
    completed = {"message": f"Enrichment of {pet['name']} completed {how}", "progress": 100, "data": profile}
    await stream.set(group, "completed", completed)


async def tell(ctx: Context, text: str, progress: int) -> Any:
    """Tell who listens to this request how far it is."""
    return await ctx.streams.petCreation.set(ctx.trace_id, MESSAGE, {"message": text, "progress": progress})


async def change(ctx: Context, id: str, values: dict[str, Any]) -> dict[str, Any]:
    """Change some values of a pet and return all of it. Jobs do this side by side: each changes its own."""
    written = await ctx.state.update(PETS, id, [{"type": "merge", "value": values}])
    pet: dict[str, Any] = written.new_value
    return pet
