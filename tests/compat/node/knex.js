// knex with its cockroachdb client: migrations, queries of the builder, transactions.
"use strict";
const { assert, check, connection, main, rejection } = require("./check");
// knex frees its lock on migrations in a second transaction before it commits the first one, which has read it: as in
// CockroachDB, only statements that change the schema by themselves go through then.
const options = "-c autocommit_before_ddl=on";
const knex = require("knex")({ client: "cockroachdb", connection: { ...connection, options }, pool: { min: 0, max: 4 } });

const migrations = {
  getMigrations: async () => ["1_tables", "2_columns", "3_change"],
  getMigrationName: (name) => name,
  getMigration: async (name) => ({
    "1_tables": {
      up: async (schema) => {
        await schema.schema.createTable("authors", (t) => {
          t.increments("id");
          t.string("name", 60).notNullable().unique();
          t.jsonb("data").defaultTo("{}");
          t.timestamps(true, true);
        });
        await schema.schema.createTable("books", (t) => {
          t.uuid("id").primary().defaultTo(schema.fn.uuid());
          t.bigInteger("author_id").notNullable().references("id").inTable("authors").onDelete("CASCADE");
          t.string("title").notNullable().index();
          t.decimal("price", 10, 2);
          t.enu("kind", ["novel", "poem"]);
          t.specificType("tags", "text[]");
        });
      },
      down: async (schema) => schema.schema.dropTable("books").dropTable("authors"),
    },
    "2_columns": {
      up: (schema) => schema.schema.alterTable("books", (t) => {
        t.date("published");
        t.boolean("sold").notNullable().defaultTo(false);
        t.index(["author_id", "title"], "books_by_author");
      }),
      down: (schema) => schema.schema.alterTable("books", (t) => {
        t.dropIndex(["author_id", "title"], "books_by_author");
        t.dropColumn("sold");
        t.dropColumn("published");
      }),
    },
    "3_change": {
      up: (schema) => schema.schema.alterTable("authors", (t) => {
        t.renameColumn("name", "full_name");
        t.dropUnique(["name"], "authors_name_unique");
        t.text("note").nullable().comment("free text");
      }),
      down: (schema) => schema.schema.alterTable("authors", (t) => {
        t.dropColumn("note");
        t.renameColumn("full_name", "name");
      }),
    },
  })[name],
};

check("migrations up, down and up", async () => {
  const [, up] = await knex.migrate.latest({ migrationSource: migrations });
  assert.deepEqual(up, ["1_tables", "2_columns", "3_change"]);
  const [, down] = await knex.migrate.rollback({ migrationSource: migrations }, true);
  assert.deepEqual(down, ["3_change", "2_columns", "1_tables"]);
  assert.equal(await knex.schema.hasTable("books"), false);
  await knex.migrate.latest({ migrationSource: migrations });
});

check("the schema as knex sees it", async () => {
  assert.equal(await knex.schema.hasTable("books"), true);
  assert.equal(await knex.schema.hasColumn("authors", "full_name"), true);
  assert.equal(await knex.schema.hasColumn("authors", "name"), false);
  const info = await knex("books").columnInfo();
  assert.deepEqual(info.title, { type: "character varying", maxLength: "255", nullable: false, defaultValue: null });
  assert.deepEqual(info.price, { type: "numeric", maxLength: null, nullable: true, defaultValue: null });
  assert.equal(info.sold.defaultValue, "false");
});

let ada;
check("insert, returning, batch", async () => {
  [ada] = await knex("authors").insert({ full_name: "Ada", data: { born: 1815 } }).returning(["id", "created_at", "data"]);
  assert.match(ada.id, /^\d+$/);
  assert.ok(ada.created_at instanceof Date);
  assert.deepEqual(ada.data, { born: 1815 });
  const books = Array.from({ length: 250 }, (_, i) => ({ author_id: ada.id, title: `Notes ${i}`, price: i / 4, kind: "novel", tags: ["a", "b c"] }));
  const ids = await knex.batchInsert("books", books, 100).returning("id");
  assert.equal(ids.length, 250);
});

check("queries", async () => {
  const rows = await knex("books").join("authors", "authors.id", "books.author_id").where("price", ">", 60)
    .andWhere((q) => q.whereIn("kind", ["novel"]).orWhereNull("kind")).orderBy("price", "desc").limit(2).offset(1)
    .select("title", "price", "tags", "full_name");
  assert.deepEqual(rows, [{ title: "Notes 248", price: "62.00", tags: ["a", "b c"], full_name: "Ada" },
    { title: "Notes 247", price: "61.75", tags: ["a", "b c"], full_name: "Ada" }]);
  const [{ n, total }] = await knex("books").count("* as n").sum("price as total");
  assert.deepEqual([n, total], ["250", "7781.25"]);
  const [{ born }] = await knex("authors").jsonExtract("data", "$.born", "born");
  assert.equal(born, 1815);
  const stream = knex("books").select("id").stream();
  let streamed = 0;
  for await (const row of stream) streamed += row.id.length === 36;
  assert.equal(streamed, 250);
});

check("upsert, on conflict, update, delete", async () => {
  await knex("authors").upsert({ id: 5, full_name: "Eve", note: "first" });
  await knex("authors").upsert({ id: 5, full_name: "Eve", note: "second" });
  await knex("authors").insert({ id: 5, full_name: "Other" }).onConflict("id").merge(["full_name"]);
  await knex("authors").insert({ id: 5, full_name: "Nobody" }).onConflict("id").ignore();
  assert.deepEqual(await knex("authors").where({ id: 5 }).first("full_name", "note"), { full_name: "Other", note: "second" });
  assert.equal(await knex("books").where("price", "<", 10).update({ sold: true, price: knex.raw("price + ?", [1]) }), 40);
  assert.equal(await knex("books").where({ sold: true }).del(), 40);
});

check("transactions and savepoints", async () => {
  await assert.rejects(knex.transaction(async (trx) => {
    await trx("books").del();
    throw new Error("no");
  }), /no/);
  await knex.transaction(async (trx) => {
    await rejection(trx.transaction((inner) => inner("authors").insert({ id: 5, full_name: "twice" })));
    await trx("authors").where({ id: 5 }).forUpdate().first();
    await trx("authors").where({ id: 5 }).update({ note: "kept" });
  });
  assert.equal((await knex("authors").where({ id: 5 }).first()).note, "kept");
  assert.equal((await knex("books").count("* as n"))[0].n, "210");
});

check("errors", async () => {
  assert.equal((await rejection(knex("authors").insert({ id: 5, full_name: "x" }))).code, "23505");
  assert.equal((await rejection(knex("books").insert({ author_id: 1, title: "x" }))).code, "23503");
  assert.equal((await rejection(knex("books").insert({ author_id: ada.id, title: "x", kind: "prose" }))).code, "23514");
});

main(() => knex.destroy());
