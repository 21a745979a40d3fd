// Sequelize with sequelize-cockroachdb: models, associations, transactions, what it reads of a schema.
"use strict";
const { Sequelize, DataTypes, Op, Transaction } = require("sequelize-cockroachdb");
const { assert, check, connection, main, rejection } = require("./check");

const sequelize = new Sequelize(connection.database, connection.user, connection.password, {
  dialect: "postgres", host: connection.host, port: connection.port, logging: false, dialectOptions: { ssl: connection.ssl },
});
const Person = sequelize.define("person", {
  name: { type: DataTypes.STRING(60), allowNull: false, unique: true },
  age: { type: DataTypes.INTEGER, validate: { min: 0 } },
  mood: { type: DataTypes.STRING, defaultValue: "ok", validate: { isIn: [["sad", "ok"]] } },
  salary: DataTypes.DECIMAL(10, 2),
  born: DataTypes.DATEONLY,
  data: DataTypes.JSONB,
  tags: DataTypes.ARRAY(DataTypes.TEXT),
  raw: DataTypes.BLOB,
  active: { type: DataTypes.BOOLEAN, defaultValue: true },
}, { indexes: [{ fields: ["age", "name"] }], paranoid: true });
const Pet = sequelize.define("pet", {
  id: { type: DataTypes.UUID, defaultValue: DataTypes.UUIDV4, primaryKey: true },
  name: DataTypes.TEXT,
  weight: DataTypes.DOUBLE,
}, { timestamps: false });
Person.hasMany(Pet, { foreignKey: { allowNull: false }, onDelete: "CASCADE" });
Pet.belongsTo(Person);

check("tables from models, twice", async () => {
  await sequelize.authenticate();
  await sequelize.sync({ force: true });
  await sequelize.sync();
  await sequelize.sync({ force: true });
});

check("the schema as Sequelize sees it", async () => {
  const people = await sequelize.getQueryInterface().describeTable("people");
  assert.deepEqual([people.name.type, people.name.allowNull, people.id.primaryKey], ["CHARACTER VARYING(60)", false, true]);
  assert.equal(people.mood.defaultValue, "ok");
  const indexes = await sequelize.getQueryInterface().showIndex("people");
  assert.deepEqual(indexes.map((index) => [index.name, index.primary, index.unique]).sort(),
    [["people_age_name", false, false], ["people_name_key", false, true], ["people_pkey", true, true]]);
  const [key] = await sequelize.getQueryInterface().getForeignKeyReferencesForTable("pets");
  assert.deepEqual([key.columnName, key.referencedTableName, key.referencedColumnName], ["personId", "people", "id"]);
  assert.deepEqual((await sequelize.getQueryInterface().showAllTables()).sort(), ["people", "pets"]);
});

let ada;
check("create, find, update", async () => {
  ada = await Person.create({
    name: "Ada", age: 36, salary: "10.50", born: "1815-12-10", data: { a: [1, "x"], b: { c: "deep" } }, tags: ["p", "q r"], raw: Buffer.from([0, 255]),
    pets: [{ name: "Rex", weight: 1.5 }, { name: "Tom", weight: null }],
  }, { include: [Pet] });
  const found = await Person.findOne({ where: { name: { [Op.iLike]: "ad%" }, "data.b.c": "deep" }, include: [Pet],
    order: [[Pet, "name", "ASC"]] });
  assert.deepEqual([found.age, found.salary, found.born, found.mood, found.data, found.tags, [...found.raw]],
    [36, "10.50", "1815-12-10", "ok", { a: [1, "x"], b: { c: "deep" } }, ["p", "q r"], [0, 255]]);
  assert.deepEqual(found.pets.map((pet) => [pet.name, pet.weight]), [["Rex", 1.5], ["Tom", null]]);
  await found.update({ mood: "sad" });
  await found.increment("age", { by: 2 });
  await found.reload();
  assert.deepEqual([found.age, found.mood], [38, "sad"]);
});

check("many rows, groups, pages", async () => {
  await Person.bulkCreate(Array.from({ length: 50 }, (_, i) => ({ name: `P${i}`, age: i % 5 })));
  const groups = await Person.findAll({ attributes: ["age", [sequelize.fn("count", "*"), "n"]], group: ["age"],
    having: sequelize.literal("count(*) > 1"), order: ["age"], raw: true });
  assert.deepEqual(groups.map((g) => [g.age, g.n]), [0, 1, 2, 3, 4].map((age) => [age, 10]));
  const { count, rows } = await Person.findAndCountAll({ where: { age: { [Op.between]: [1, 2] } }, limit: 3, offset: 2, order: ["name"] });
  assert.deepEqual([count, rows.length], [20, 3]);
  await Person.upsert({ id: rows[0].id, name: rows[0].name, age: 77 });
  assert.equal(await Person.count({ where: { age: 77 } }), 1);
  const [person, created] = await Person.findOrCreate({ where: { name: "new" }, defaults: { age: 1 } });
  assert.deepEqual([person.age, created], [1, true]);
});

check("soft and hard deletion", async () => {
  await ada.destroy();
  assert.equal(await Person.findByPk(ada.id), null);
  assert.equal((await Person.findByPk(ada.id, { paranoid: false })).name, "Ada");
  await ada.destroy({ force: true });
  assert.equal(await Pet.count(), 0);
});

check("transactions", async () => {
  await assert.rejects(sequelize.transaction(async (transaction) => {
    await Person.destroy({ where: {}, transaction });
    throw new Error("no");
  }), /no/);
  await sequelize.transaction({ isolationLevel: Transaction.ISOLATION_LEVELS.SERIALIZABLE }, async (transaction) => {
    const person = await Person.findOne({ where: { name: "P1" }, lock: transaction.LOCK.UPDATE, transaction });
    await sequelize.transaction({ transaction }, (inner) => person.update({ age: 100 }, { transaction: inner }));
  });
  assert.equal((await Person.findOne({ where: { name: "P1" } })).age, 100);
});

check("errors", async () => {
  const unique = await rejection(Person.create({ name: "P1" }));
  assert.equal(unique.name, "SequelizeUniqueConstraintError");
  assert.deepEqual(Object.keys(unique.fields), ["name"]);
  const foreign = await rejection(Pet.create({ name: "x", personId: 1 }));
  assert.equal(foreign.name, "SequelizeForeignKeyConstraintError");
  assert.deepEqual([foreign.table, foreign.index], ["pets", "pets_personId_fkey"]);
  assert.equal((await rejection(sequelize.query("SELECT * FROM nowhere"))).original.code, "42P01");
});

check("changes of the schema", async () => {
  const tables = sequelize.getQueryInterface();
  await tables.addColumn("pets", "legs", { type: DataTypes.INTEGER, defaultValue: 4 });
  await tables.changeColumn("pets", "legs", { type: DataTypes.BIGINT, allowNull: false, defaultValue: 4 });
  await tables.renameColumn("pets", "legs", "feet");
  await tables.addIndex("pets", ["feet"], { name: "pets_feet" });
  assert.equal((await tables.describeTable("pets")).feet.type, "BIGINT");
  await tables.removeIndex("pets", "pets_feet");
  await tables.removeColumn("pets", "feet");
  await tables.dropAllTables();
  assert.deepEqual(await tables.showAllTables(), []);
});

main(() => sequelize.close());
