"""Django on a backend: migrations made and run, the ORM with every common field, transactions, inspection of the schema.

    django_app.py BACKEND
"""

import datetime
import decimal
import pathlib
import sys
import tempfile
import uuid

import django
from django.apps import apps
from django.conf import settings
from django.core.management import call_command

from check import DATABASE, HOST, OPTIONS, PASSWORD, PORT, USER, check, main, rejection

BACKEND = sys.argv[1]
utc = datetime.timezone.utc
directory = tempfile.TemporaryDirectory()
APP = pathlib.Path(directory.name) / "library"
APP.mkdir()
(APP / "__init__.py").touch()
MODELS = '''
from django.db import models
from django.db.models import Q, F
from django.db.models.functions import Lower

class Author(models.Model):
    name = models.CharField(max_length=60, unique=True)
    born = models.DateField(null=True)
    data = models.JSONField(default=dict)
    balance = models.DecimalField(max_digits=12, decimal_places=2, default=0)

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(balance__gte=0), name="balance_not_negative")]

class Tag(models.Model):
    label = models.SlugField(unique=True)

class Book(models.Model):
    id = models.UUIDField(primary_key=True)
    author = models.ForeignKey(Author, on_delete=models.CASCADE, related_name="books")
    tags = models.ManyToManyField(Tag)
    title = models.TextField()
    pages = models.PositiveIntegerField(default=0)
    rating = models.FloatField(null=True)
    small = models.SmallIntegerField(null=True)
    big = models.BigIntegerField(null=True)
    raw = models.BinaryField(null=True)
    ip = models.GenericIPAddressField(null=True)
    length = models.DurationField(null=True)
    opens = models.TimeField(null=True)
    created = models.DateTimeField(auto_now_add=True)
    available = models.BooleanField(default=True)
    %s

    class Meta:
        indexes = [models.Index(fields=["author", "-pages"]), models.Index(fields=["title"], condition=Q(available=True), name="book_available")]
        constraints = [models.UniqueConstraint(fields=["author", "title"], name="book_unique")]
'''
(APP / "models.py").write_text(MODELS % "")
sys.path.insert(0, directory.name)
settings.configure(
    INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.auth", "django.contrib.sessions", "library"],
    DATABASES={"default": {"ENGINE": BACKEND, "NAME": DATABASE, "USER": USER, "PASSWORD": PASSWORD, "HOST": HOST, "PORT": PORT,
                           "OPTIONS": {"sslmode": OPTIONS["sslmode"], "sslrootcert": OPTIONS["sslrootcert"]}}},
    USE_TZ=True, DEFAULT_AUTO_FIELD="django.db.models.BigAutoField", SECRET_KEY="x")
django.setup()

from django.db import IntegrityError, connection, models, transaction  # noqa: E402
from django.db.models import Avg, Count, F, OuterRef, Prefetch, Q, Subquery, Sum, Window  # noqa: E402
from django.db.models.functions import Coalesce, ExtractYear, Lower, RowNumber, TruncMonth  # noqa: E402

Author, Book, Tag = (apps.get_model("library", name) for name in ("Author", "Book", "Tag"))


@check
def migrations_made_and_run():
    call_command("makemigrations", "library", verbosity=0)
    call_command("migrate", verbosity=0)
    assert connection.introspection.table_names()
    names = set(connection.introspection.table_names())
    assert {"library_author", "library_book", "library_book_tags", "auth_user", "django_migrations"} <= names, names


@check
def nothing_is_left_to_migrate():
    call_command("migrate", check_unapplied=True, verbosity=0)
    call_command("makemigrations", check_changes=True, verbosity=0)


@check
def rows_of_every_type():
    author = Author.objects.create(name="Ada", born=datetime.date(1815, 12, 10), data={"a": [1, None, "x"], "k": {"z": 2}}, balance="10.50")
    values = {"title": "Notes", "pages": 7, "rating": 4.5, "small": -3, "big": 2**62, "raw": b"\0\xff", "ip": "10.0.0.1",
              "length": datetime.timedelta(days=2, seconds=3), "opens": datetime.time(1, 2, 3)}
    Book.objects.create(id=uuid.UUID(int=1), author=author, **values)
    book = Book.objects.select_related("author").get(pk=uuid.UUID(int=1))
    got = {name: getattr(book, name) for name in values}
    got["raw"] = bytes(got["raw"])
    assert got == values, got
    assert book.author.data == {"a": [1, None, "x"], "k": {"z": 2}} and book.author.balance == decimal.Decimal("10.50")
    assert abs(datetime.datetime.now(utc) - book.created) < datetime.timedelta(minutes=5)


@check
def many_rows_and_relations():
    authors = Author.objects.bulk_create([Author(name=f"A{i}", born=datetime.date(1900 + i, 1 + i % 12, 1)) for i in range(20)])
    assert all(author.pk for author in authors)
    Book.objects.bulk_create([Book(id=uuid.UUID(int=100 + i), author=authors[i % 20], title=f"T{i}", pages=i) for i in range(200)], batch_size=50)
    tags = Tag.objects.bulk_create([Tag(label=f"t{i}") for i in range(3)])
    for book in Book.objects.filter(pages__gte=195):
        book.tags.set(tags)
    assert Book.objects.filter(tags__label="t1").count() == 5
    with_books = Author.objects.prefetch_related(Prefetch("books", queryset=Book.objects.order_by("pages"))).get(name="A3")
    assert [book.pages for book in with_books.books.all()] == list(range(3, 200, 20))


@check
def queries():
    assert Book.objects.filter(Q(title__startswith="T19") | Q(title__iexact="notes"), pages__lt=195).count() == 7
    assert Author.objects.filter(data__k__z=2, data__a__contains=[1]).get().name == "Ada"
    assert list(Author.objects.annotate(n=Count("books"), pages=Sum("books__pages")).filter(n__gt=5).order_by("-pages").values_list("name", "n", "pages")[:2]) == \
        [("A19", 10, 1090), ("A18", 10, 1080)]
    newest = Book.objects.filter(author=OuterRef("pk")).order_by("-pages").values("title")[:1]
    assert Author.objects.annotate(best=Subquery(newest)).get(name="A5").best == "T185"
    numbered = Book.objects.filter(author__name="A1").annotate(n=Window(RowNumber(), partition_by=F("author"), order_by=F("pages").desc()))
    assert [(book.n, book.pages) for book in numbered[:2]] == [(1, 181), (2, 161)]
    assert Author.objects.filter(born__year=1903).annotate(y=ExtractYear("born"), m=TruncMonth("born"), l=Lower("name")).values("y", "l").get() == {"y": 1903, "l": "a3"}
    assert Author.objects.aggregate(a=Avg("balance"), s=Coalesce(Sum("books__rating"), 0.0))["s"] == 4.5
    assert Author.objects.filter(books__isnull=True).exists() is False
    union = Author.objects.filter(name="A1").values("name").union(Tag.objects.values(name=F("label")))
    assert sorted(row["name"] for row in union) == ["A1", "t0", "t1", "t2"]
    assert [author.name for author in Author.objects.raw("SELECT * FROM library_author WHERE name = %s", ["A2"])] == ["A2"]


@check
def updates_and_deletes():
    assert Author.objects.filter(name__startswith="A1").update(balance=F("balance") + 5) == 11
    assert Author.objects.get_or_create(name="A1", defaults={"balance": 1})[1] is False
    assert Author.objects.update_or_create(name="New", defaults={"balance": 3})[1] is True
    Author.objects.bulk_create([Author(name="A1", balance=77)], update_conflicts=True, unique_fields=["name"], update_fields=["balance"])
    assert Author.objects.get(name="A1").balance == 77
    rows = list(Author.objects.filter(name__in=["A2", "A3"]))
    for row in rows:
        row.balance = 9
    Author.objects.bulk_update(rows, ["balance"])
    assert Author.objects.filter(balance=9).count() == 2
    deleted, each = Author.objects.filter(name="A4").delete()
    assert deleted == 11 and each["library.Book"] == 10


@check
def transactions():
    with transaction.atomic():
        Author.objects.select_for_update().get(name="A5")
        try:
            with transaction.atomic():
                Author.objects.create(name="A5")
        except IntegrityError as e:
            assert e.__cause__.sqlstate == "23505" if hasattr(e.__cause__, "sqlstate") else e.__cause__.pgcode == "23505"
        Author.objects.filter(name="A5").update(balance=6)
    assert Author.objects.get(name="A5").balance == 6
    rejection(IntegrityError, lambda: Author.objects.filter(name="A5").update(balance=-1))
    rejection(ZeroDivisionError, undone)
    assert Author.objects.count() == 21


def undone():
    with transaction.atomic():
        Author.objects.all().delete()
        raise ZeroDivisionError


@check
def large_results_come_in_pieces():
    with transaction.atomic():
        assert sum(1 for _ in Book.objects.order_by("id").iterator(chunk_size=40)) == 191


@check
def schema_as_django_sees_it():
    with connection.cursor() as cursor:
        columns = {c.name: c for c in connection.introspection.get_table_description(cursor, "library_book")}
        assert columns["title"].null_ok is False and columns["rating"].null_ok is True
        relations = connection.introspection.get_relations(cursor, "library_book")
        assert relations["author_id"][:2] == ("id", "library_author"), relations
        constraints = connection.introspection.get_constraints(cursor, "library_book")
        assert constraints["book_unique"]["columns"] == ["author_id", "title"] and constraints["book_unique"]["unique"]
        assert connection.introspection.get_primary_key_column(cursor, "library_book") == "id"
        orders = [c["orders"] for c in constraints.values() if c["columns"] == ["author_id", "pages"]]
        assert orders == [["ASC", "DESC"]], constraints
    call_command("inspectdb", "library_book", stdout=open("/dev/null", "w"))


@check
def a_changed_model_is_migrated_and_back():
    more = APP / "migrations" / "0002_more.py"
    more.write_text("""
from django.db import migrations, models

def fill(apps, editor):
    apps.get_model("library", "Book").objects.filter(pages__lt=10).update(isbn="x")

class Migration(migrations.Migration):
    dependencies = [("library", "0001_initial")]
    operations = [
        migrations.AddField("Book", "isbn", models.CharField(max_length=13, null=True, db_index=True)),
        migrations.RunPython(fill, migrations.RunPython.noop),
        migrations.RenameField("Book", "pages", "page_count"),
        migrations.AlterField("Book", "title", models.CharField(max_length=200)),
        migrations.AddConstraint("Book", models.CheckConstraint(condition=models.Q(page_count__lt=5000), name="not_too_long")),
        migrations.CreateModel("Shelf", [("id", models.BigAutoField(primary_key=True)), ("name", models.CharField(max_length=9))]),
        migrations.AlterField("Author", "name", models.CharField(max_length=80)),
    ]
""")
    call_command("migrate", "library", verbosity=0)
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM library_book WHERE isbn = %s AND page_count < 10", ["x"])
        assert cursor.fetchone() == (10,)
    call_command("migrate", "library", "0001", verbosity=0)
    assert Book.objects.filter(pages__lt=10).count() == 10
    more.unlink()


@check
def flush_and_test_database():
    call_command("flush", interactive=False, verbosity=0)
    assert Author.objects.count() == 0
    name = connection.creation.create_test_db(verbosity=0)
    Author.objects.create(name="there")
    connection.creation.destroy_test_db(DATABASE, verbosity=0)
    assert name == "test_" + DATABASE


main()
