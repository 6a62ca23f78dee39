"""The keys of config.yaml and what may stand behind each, for pydantic to check and for JSON Schema to tell."""

from __future__ import annotations

from typing import Annotated, Any, Self

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field, model_validator
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import PydanticCustomError, core_schema

from feedsvc.config import fields as kinds
from feedsvc.config import podcasts
from feedsvc.config.limits import LimitsShape
from feedsvc.config.mapping import Shape
from feedsvc.config.settings import Server
from feedsvc.config.tree import KeyPath, shorten
from feedsvc.model import ALL_SLUG, INDEX_SLUG


def _check_once(items: tuple[str, ...]) -> tuple[str, ...]:
    twice = next((item for at, item in enumerate(items) if item in items[:at]), None)
    if twice is not None:
        context = {"expected": "each entry once", "hint": f"`{shorten(twice)}` stands there twice."}
        raise PydanticCustomError("expected", "{expected}", context)
    return items


# The length is checked after the items, or one wrong item would be told as an empty list, too.
_SET = Field(json_schema_extra={"uniqueItems": True})
_FILLED_SET = Field(min_length=1, json_schema_extra={"uniqueItems": True, "minItems": 1})
Lines = Annotated[tuple[kinds.Line, ...], AfterValidator(_check_once), _SET]
Formats = Annotated[tuple[kinds.Format, ...], AfterValidator(_check_once), _FILLED_SET]
OldUrls = Annotated[tuple[kinds.OldUrl, ...], AfterValidator(_check_once), _SET]
Slugs = Annotated[tuple[kinds.Slug, ...], AfterValidator(_check_once), _FILLED_SET]


class AuthorShape(Shape):
    """Who stands behind the publication."""

    name: kinds.Name = Field(description="The name of a person, a desk or the publication.")
    email: kinds.Email | None = Field(default=None, description="Their address for readers' mail.")
    url: kinds.WebUrl | None = Field(default=None, description="Their page.")


class ImageShape(Shape):
    """A picture that stands for the site or a section."""

    url: kinds.ImageUrl = Field(description="Where it is: absolute, or counted from site.base_url.")
    type: kinds.MediaType | None = Field(default=None, description="Its media type.")
    width: kinds.Pixels | None = Field(default=None, description="Its width in pixels.")
    height: kinds.Pixels | None = Field(default=None, description="Its height in pixels.")
    alt: kinds.Line | None = Field(default=None, description="What it shows, for those who can't see it.")


def _expand_author(value: Any) -> Any:
    return {"name": value} if isinstance(value, str) else value


def _expand_image(value: Any) -> Any:
    return {"url": value} if isinstance(value, str) else value


AuthorOrName = Annotated[AuthorShape, BeforeValidator(_expand_author, json_schema_input_type=kinds.Name | AuthorShape)]
ImageOrUrl = Annotated[ImageShape, BeforeValidator(_expand_image, json_schema_input_type=kinds.ImageUrl | ImageShape)]


class ScheduleShape(Shape):
    """When a feed is looked at anew, whatever happened: `every` or `cron`, one of them."""

    model_config = ConfigDict(
        json_schema_extra={"oneOf": [{"required": ["every"]}, {"required": ["cron"]}]},
    )

    every: kinds.Every | None = Field(default=None, description="The time from one look to the next: 15m, or seconds.")
    cron: kinds.Cron | None = Field(
        default=None,
        description="Five fields: minute hour day month weekday, in the site's time zone; weekday 0 and 7 are Sunday.",
    )

    @model_validator(mode="after")
    def check_one(self) -> Self:
        if (self.every is None) == (self.cron is None):
            context = {"expected": "either `every` or `cron`", "hint": 'Write {every: 15m} or {cron: "0 6 * * *"}.'}
            raise PydanticCustomError("expected", "{expected}", context)
        return self


_withdrawals = Field(
    default=None, description="What shows of a withdrawn article, unless its editor decides: a tombstone, or a notice."
)


class _LookShape(Shape):
    """What any feed can say of itself, or leave to the defaults."""

    language: kinds.Language | None = Field(
        default=None, description="Language of titles and texts (BCP 47); else site.language."
    )
    limit: kinds.Limit | None = Field(default=None, description="How many of the newest articles a feed holds.")
    max_bytes: kinds.DocumentBytes | None = Field(
        default=None, description="How large the bodies in one document may be together: 2 MB, 500 KB, or bytes."
    )
    content: kinds.Content | None = Field(default=None, description="Whole articles, or their summaries only.")
    formats: Formats | None = Field(default=None, description="Which documents are made: rss, atom, json.")
    schedule: ScheduleShape | None = Field(
        default=None, description="When a feed is looked at anew, whatever happened: {every: 15m} or {cron: …}."
    )
    on_change: kinds.Flag | None = Field(
        default=None, description="Whether a changed article shows at once, or only when the schedule comes round."
    )
    max_age: kinds.MaxAge | None = Field(
        default=None, description="How long readers and caches may keep a document before they ask again."
    )


class DefaultsShape(_LookShape):
    """What holds for every feed that does not say otherwise."""

    withdrawals: kinds.Withdrawals | None = _withdrawals


class FeedShape(_LookShape):
    """What any one feed can say of itself."""

    description: kinds.Line | None = Field(default=None, description="One sentence on what the feed holds.")
    categories: Lines | None = Field(default=None, description="Subjects of the feed as a whole.")
    image: ImageOrUrl | None = Field(default=None, description="The feed's own picture; else the site's.")
    old_urls: OldUrls | None = Field(
        default=None, description="Paths of this site that lead here now (301): where older feeds were."
    )


class AllShape(FeedShape):
    """The feed of everything."""

    title: kinds.Line | None = Field(default=None, description="Its name; else the site's.")


class OwnerShape(Shape):
    """Whom podcast directories write to."""

    name: kinds.Name = Field(description="The name of a person or a desk.")
    email: kinds.Email = Field(description="The address to which directories send what proves that the show is yours.")


class PodcastShape(Shape):
    """What podcast directories want to know of a section whose articles are episodes."""

    category: podcasts.Category = Field(description="One of Apple's categories: Technology, or News > Daily News.")
    author: kinds.Name | None = Field(default=None, description="Who makes it; else the site's author, else its title.")
    explicit: kinds.Flag = Field(default=False, description="Whether there is language or content for adults only.")
    type: podcasts.Order = Field(
        default="episodic", description="episodic shows the newest episode first, serial the oldest."
    )
    owner: OwnerShape | None = Field(
        default=None, description="Whom directories write to; else the site's author, if they have an address."
    )


NOT_COMBINED: dict[str, str] = {
    "aliases": "Articles come in under the sections it includes: give the aliases to those.",
    "withdrawals": "It shows of a withdrawn article what the sections it includes show: say it there.",
}
"""Keys of a plain section that a combination has no use for, and what to do instead."""


class SectionShape(FeedShape):
    """A section, or with `include` a combination of sections."""

    model_config = ConfigDict(
        json_schema_extra={
            "not": {"required": ["include"], "anyOf": [{"required": [name]} for name in NOT_COMBINED]},
            "dependentRequired": {"podcast": ["image"]},
        }
    )

    title: kinds.Line = Field(description="Its name, as readers see it.")
    aliases: Lines | None = Field(default=None, description="Other names under which articles arrive for it.")
    include: Slugs | None = Field(
        default=None, description="Makes it a combination, which shows the articles of these sections."
    )
    podcast: PodcastShape | None = Field(
        default=None, description="Makes its articles the episodes of a podcast; it needs an image of its own."
    )
    withdrawals: kinds.Withdrawals | None = _withdrawals


class SiteShape(Shape):
    """The publication as a whole."""

    title: kinds.Line = Field(description="The publication's name.")
    base_url: kinds.BaseUrl = Field(description="Where readers reach this service; every link in the feeds begins so.")
    language: kinds.Language = Field(default="en", description="Language of titles and texts (BCP 47).")
    timezone: kinds.TimeZone = Field(
        default="UTC", description="Time zone (IANA) of cron lines and of imported times that name none."
    )
    author: AuthorOrName | None = Field(default=None, description="Who stands behind it: a name, or name, email, url.")
    copyright: kinds.Line | None = Field(default=None, description="The copyright line.")
    image: ImageOrUrl | None = Field(default=None, description="Its picture: an address, or url, type, width, …")


class ServerShape(Shape):
    """Where `feedsvc serve` listens and how big it is."""

    host: kinds.Host = Field(default="127.0.0.1", description="The address to listen on; 0.0.0.0 is all of them.")
    port: kinds.Port = Field(default=8000, description="The TCP port to listen on.")
    workers: kinds.Workers = Field(default=1, description="How many processes answer requests.")
    memory: kinds.MemoryBytes = Field(
        default=Server.memory,
        description="How much all of them keep of documents in memory, such as are asked for often.",
    )
    trusted_proxies: kinds.Hops = Field(
        default=0, description="How many proxies stand before it, each appending to X-Forwarded-For whom it saw."
    )
    documents_per_hour: kinds.DocumentsPerHour = Field(
        default=0, description="How many whole documents one address may fetch in an hour; 0: as many as it likes."
    )
    metrics: kinds.MetricsReaders = Field(
        default="local", description="Who may read /metrics: nobody (off), this machine (local), everyone."
    )


class WorkerShape(Shape):
    """How much the worker may take up when many feeds are to be made at once."""

    processes: kinds.Processes | None = Field(
        default=None, description="How many processes make them; else as many as there are processor cores. 0: none."
    )
    memory: kinds.ProcessMemory = Field(
        default=300_000_000, description="A process that has taken up more is replaced after the feed it is at."
    )


class AlertsShape(Shape):
    """What is called when feeds fail, and when they are live again."""

    command: kinds.Command | None = Field(
        default=None, description="A program and its arguments; it gets JSON on its standard input. No shell."
    )
    url: kinds.HookUrl | None = Field(default=None, description="An address that gets the same JSON by POST.")


class BucketShape(Shape):
    """Object storage (S3) to which live documents are carried. Credentials come from the environment alone."""

    url: kinds.BucketUrl = Field(description="The bucket, and the prefix that stands for /feeds/ in it.")
    endpoint: kinds.Endpoint | None = Field(
        default=None, description="Where the store answers, if it isn't Amazon's: https://s3.example.net."
    )
    region: kinds.Region | None = Field(
        default=None, description="The store's region; else AWS_REGION, else us-east-1."
    )
    timeout: kinds.RequestTime = Field(
        default=10, description="How long one request may take, with what of it is tried again: 10s, or seconds."
    )


class CompressionShape(Shape):
    """How hard each document is compressed, once, when it is written."""

    gzip: kinds.GzipLevel = Field(default=3, description="1 is fast, 9 is small, 0 makes none.")
    brotli: kinds.BrotliLevel = Field(default=5, description="1 is fast, 11 is small, 0 makes none.")


class FileShape(Shape):
    """Everything that feedsvc has to be told."""

    model_config = ConfigDict(title="config.yaml of feedsvc")

    site: SiteShape = Field(description="The publication as a whole.")
    sections: dict[kinds.Slug, SectionShape] = Field(
        min_length=1, description="The sections by slug, which names their files and addresses; at least one."
    )
    defaults: DefaultsShape = Field(default=DefaultsShape(), description="What holds where a feed says nothing else.")
    all: AllShape = Field(default=AllShape(), description="The feed of everything, which is always there.")
    database: kinds.DatabaseUrl = Field(
        default="sqlite:///feedsvc.db",
        description="Database URL: sqlite:///file (counted from this file's folder) or postgresql://user@host/name.",
    )
    feeds: kinds.Folder = Field(default="feeds", description="Folder of the feeds, counted from this file's folder.")
    compression: CompressionShape = Field(
        default=CompressionShape(), description="How hard each document is compressed, once, when it is written."
    )
    proof: kinds.ProofMode = Field(
        default="incremental",
        description="What is parsed back before a document goes live: what is new in it, or all of it each time.",
    )
    audit_cpu: kinds.Percent = Field(
        default=10, description="How much of a core may go into parsing live documents back from the disk, in percent."
    )
    server: ServerShape = Field(default=ServerShape(), description="Where `feedsvc serve` listens and how big it is.")
    worker: WorkerShape = Field(
        default=WorkerShape(), description="How much the worker may take up when many feeds are to be made at once."
    )
    alerts: AlertsShape = Field(
        default=AlertsShape(), description="What is called when feeds fail, and when they are live again."
    )
    bucket: BucketShape | None = Field(
        default=None, description="Object storage (S3) to which live documents are carried, for a CDN to serve."
    )
    limits: LimitsShape = Field(default=LimitsShape(), description="How much is taken of what comes from outside.")


SHAPES: dict[str, type[Shape]] = {
    "site": SiteShape,
    "author": AuthorShape,
    "image": ImageShape,
    "defaults": DefaultsShape,
    "all": AllShape,
    "podcast": PodcastShape,
    "owner": OwnerShape,
    "schedule": ScheduleShape,
    "compression": CompressionShape,
    "server": ServerShape,
    "worker": WorkerShape,
    "alerts": AlertsShape,
    "bucket": BucketShape,
    "limits": LimitsShape,
}
"""By the key behind which it stands."""


def keys_of(shape: type[Shape]) -> tuple[str, ...]:
    """Its keys, required ones first."""
    return tuple(sorted(shape.model_fields, key=lambda name: not shape.model_fields[name].is_required()))


def shape_at(path: KeyPath) -> type[Shape]:
    """The shape of the mapping at `path`."""
    if not path:
        return FileShape
    is_section = len(path) == 2 and path[0] == "sections"  # noqa: PLR2004  # sections, slug
    return SectionShape if is_section else SHAPES[str(path[-1])]


class _SchemaWriter(GenerateJsonSchema):
    """JSON Schema as the file is read: no null, `${NAME}` wherever text has a form, no section named all or index."""

    def nullable_schema(self, schema: core_schema.NullableSchema) -> JsonSchemaValue:
        return self.generate_inner(schema["schema"])

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        written = super().default_schema(schema)
        if not isinstance(written.get("default"), (str, int)):  # those of mappings are told key by key
            written.pop("default", None)
        return written

    def str_schema(self, schema: core_schema.StringSchema) -> JsonSchemaValue:
        written = super().str_schema(schema)
        if "pattern" in written:
            written["pattern"] = rf"(?:{written['pattern']})|\$\{{"
        return written

    def dict_schema(self, schema: core_schema.DictSchema) -> JsonSchemaValue:
        sections = self.generate_inner(schema["values_schema"])
        slug = f"^(?!(?:{ALL_SLUG}|{INDEX_SLUG})$)[a-z0-9-]{{1,100}}$"
        return {
            "type": "object",
            "minProperties": 1,
            "patternProperties": {slug: sections},
            "additionalProperties": False,
        }


def json_schema() -> dict[str, Any]:
    """JSON Schema (2020-12) of config.yaml, for editors to complete and check with."""
    schema = FileShape.model_json_schema(schema_generator=_SchemaWriter)
    return {"$schema": GenerateJsonSchema.schema_dialect, **schema}
