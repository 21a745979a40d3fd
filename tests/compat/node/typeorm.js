// TypeORM with its cockroachdb driver: entities, relations, migrations by comparison with the schema, transactions.
"use strict";
require("reflect-metadata");
const { DataSource, EntitySchema, In, MoreThan } = require("typeorm");
const { assert, check, connection, main, rejection } = require("./check");

const User = new EntitySchema({
  name: "User",
  columns: {
    id: { type: "int8", primary: true, generated: "increment" },
    email: { type: "varchar", length: 80, unique: true },
    age: { type: "int", nullable: true },
    balance: { type: "decimal", precision: 12, scale: 2, default: 1.25 },
    role: { type: "enum", enum: ["admin", "member"], default: "member" },
    data: { type: "jsonb", nullable: true },
    tags: { type: "varchar", array: true, nullable: true },
    born: { type: "date", nullable: true },
    createdAt: { type: "timestamptz", createDate: true },
    version: { type: "int", version: true },
  },
  relations: { posts: { type: "one-to-many", target: "Post", inverseSide: "user", cascade: true } },
  indices: [{ columns: ["age", "email"] }],
  checks: [{ expression: "age >= 0" }],
});
const Post = new EntitySchema({
  name: "Post",
  columns: {
    id: { type: "uuid", primary: true, generated: "uuid" },
    title: { type: "text" },
    body: { type: "bytes", nullable: true },
    score: { type: "float8", nullable: true },
  },
  relations: {
    user: { type: "many-to-one", target: "User", inverseSide: "posts", onDelete: "CASCADE", nullable: false },
    labels: { type: "many-to-many", target: "Label", joinTable: true, cascade: true },
  },
});
const Label = new EntitySchema({ name: "Label", columns: { id: { type: "int8", primary: true, generated: "increment" }, name: { type: "text", unique: true } } });

const source = new DataSource({ type: "cockroachdb", host: connection.host, port: connection.port, username: connection.user,
  password: connection.password, database: connection.database, ssl: connection.ssl, entities: [User, Post, Label], timeTravelQueries: false });

check("tables from entities; nothing is left to change", async () => {
  await source.initialize();
  await source.synchronize();
  const { upQueries } = await source.driver.createSchemaBuilder().log();
  assert.deepEqual(upQueries.map((q) => q.query), []);
});

let users, posts;
check("save and find with relations", async () => {
  users = source.getRepository("User");
  posts = source.getRepository("Post");
  const saved = await users.save({ email: "ada@x", age: 36, balance: "10.50", role: "admin", data: { a: [1] }, tags: ["p", "q"], born: "1815-12-10",
    posts: [{ title: "one", body: Buffer.from([0, 255]), labels: [{ name: "red" }, { name: "blue" }] }, { title: "two", score: 2.5 }] });
  assert.equal(Number(saved.version), 1);
  const found = await users.findOne({ where: { email: "ada@x" }, relations: { posts: { labels: true } }, order: { posts: { title: "ASC" } } });
  assert.deepEqual([found.age, found.balance, found.role, found.data, found.tags, found.born], ["36", "10.50", "admin", { a: [1] }, ["p", "q"], "1815-12-10"]);
  assert.deepEqual(found.posts.map((post) => [post.title, post.score, post.labels.length]), [["one", null, 2], ["two", 2.5, 0]]);
  assert.deepEqual([...found.posts[0].body], [0, 255]);
  found.age = 37;
  await users.save(found);
  assert.equal((await users.findOneBy({ id: found.id })).version, 2);
});

check("query builder", async () => {
  await users.insert(Array.from({ length: 30 }, (_, i) => ({ email: `u${i}@x`, age: i })));
  const [rows, count] = await users.findAndCount({ where: { age: MoreThan(20) }, order: { age: "DESC" }, take: 3, skip: 1 });
  assert.deepEqual([rows.map((u) => u.email), count], [["u29@x", "u28@x", "u27@x"], 10]);
  const groups = await users.createQueryBuilder("u").select("u.age % 2", "odd").addSelect("count(*)", "n").where("u.age < :age", { age: 30 })
    .groupBy("odd").orderBy("odd").getRawMany();
  assert.deepEqual(groups, [{ odd: "0", n: "15" }, { odd: "1", n: "15" }]);
  const paged = await users.createQueryBuilder("u").leftJoinAndSelect("u.posts", "p").orderBy("p.title").addOrderBy("u.id").take(2).getMany();
  assert.equal(paged.length, 2);
  await users.upsert([{ email: "u1@x", age: 77 }], ["email"]);
  assert.equal(await users.countBy({ age: 77 }), 1);
  const done = await users.update({ email: In(["u2@x", "u3@x"]) }, { age: 78 });
  assert.equal(done.affected, 2);
  assert.equal((await users.delete({ age: 78 })).affected, 2);
});

check("transactions", async () => {
  await assert.rejects(source.transaction(async (manager) => {
    await manager.delete("Post", {});
    throw new Error("no");
  }), /no/);
  assert.equal(await posts.count(), 2);
  await source.transaction("SERIALIZABLE", async (manager) => {
    const user = await manager.findOne("User", { where: { email: "u5@x" }, lock: { mode: "pessimistic_write" } });
    await manager.transaction((inner) => inner.update("User", user.id, { age: 55 }));
  });
  assert.equal(await users.countBy({ age: 55 }), 1);
});

check("two that change the same row at once both succeed", async () => {
  const add = () => source.transaction(async (manager) => {
    const user = await manager.findOneByOrFail("User", { email: "u6@x" });
    await manager.query(`UPDATE "user" SET "age" = "age" + 1 WHERE "id" = $1`, [user.id]);
  });
  await Promise.all([add(), add(), add()]);
  assert.equal((await users.findOneBy({ email: "u6@x" })).age, "9");
});

check("errors", async () => {
  const e = await rejection(users.insert({ email: "u1@x" }));
  assert.deepEqual([e.name, e.code], ["QueryFailedError", "23505"]);
  assert.equal((await rejection(users.insert({ email: "neg", age: -1 }))).code, "23514");
  assert.equal((await rejection(source.query("SELECT * FROM nowhere"))).code, "42P01");
});

check("streams", async () => {
  let n = 0;
  for await (const row of await users.createQueryBuilder("u").stream()) n += row.u_id !== undefined;
  assert.equal(n, 29);
});

check("migrations", async () => {
  class Nicknames1700000000000 {
    name = "Nicknames1700000000000";
    up = (runner) => runner.query(`ALTER TABLE "user" ADD COLUMN "nick" STRING; CREATE INDEX "nick" ON "user" ("nick")`);
    down = (runner) => runner.query(`ALTER TABLE "user" DROP COLUMN "nick"`);
  }
  const other = new DataSource({ ...source.options, migrations: [Nicknames1700000000000] });
  await other.initialize();
  assert.equal((await other.runMigrations()).length, 1);
  assert.equal(await other.showMigrations(), false);
  await other.undoLastMigration();
  assert.equal(await other.showMigrations(), true);
  await other.dropDatabase();
  await other.destroy();
});

main(() => source.destroy());
