# ActiveRecord with its postgresql adapter: migrations, the schema read back, models, transactions, EXPLAIN.
require 'active_record'
require 'stringio'
require_relative 'check'

ActiveRecord::Base.establish_connection(ENV.fetch('DATABASE_URL'))
ActiveRecord::Migration.verbose = false

class CreateShop < ActiveRecord::Migration[6.1]
  def change
    create_table :customers do |t|
      t.string :name, null: false, limit: 40
      t.string :email, index: { unique: true }
      t.jsonb :settings, null: false, default: {}
      t.string :tags, array: true, default: []
      t.uuid :token, default: -> { 'gen_random_uuid()' }
      t.boolean :active, null: false, default: true
      t.timestamps
    end
    create_table :orders do |t|
      t.references :customer, null: false, foreign_key: { on_delete: :cascade }
      t.decimal :total, precision: 10, scale: 2, null: false, default: 0
      t.date :due
      t.text :note, comment: 'what was said'
      t.integer :lock_version, null: false, default: 0
      t.check_constraint 'total >= 0', name: 'total_is_positive'
    end
    add_index :orders, %i[customer_id due], order: { due: :desc }, name: 'orders_by_due'
    add_index :orders, :due, where: 'total > 100', name: 'large_orders'
    create_join_table :orders, :labels
    create_table :labels do |t|
      t.string :text
    end
  end
end

class ChangeShop < ActiveRecord::Migration[6.1]
  def up
    add_column :customers, :visits, :bigint, default: 7
    change_column_null :customers, :visits, false, 0
    change_column_default :customers, :visits, from: 7, to: 1
    rename_column :orders, :note, :remark
    rename_table :labels, :marks
    rename_index :orders, 'large_orders', 'big_orders'
    add_foreign_key :labels_orders, :orders
    change_table_comment :marks, 'short words'
  end

  def down
    change_table_comment :marks, nil
    remove_foreign_key :labels_orders, :orders
    rename_index :orders, 'big_orders', 'large_orders'
    rename_table :marks, :labels
    rename_column :orders, :remark, :note
    remove_column :customers, :visits
  end
end

class Customer < ActiveRecord::Base
  has_many :orders, dependent: :destroy
  validates :name, presence: true
  validates :email, uniqueness: true, allow_nil: true
  scope :active, -> { where(active: true) }
end

class Order < ActiveRecord::Base
  belongs_to :customer
end

connection = ActiveRecord::Base.connection
migrations = [CreateShop.new('CreateShop', 1), ChangeShop.new('ChangeShop', 2)]
migrator = lambda do |direction, target = nil|
  ActiveRecord::Migrator.new(direction, migrations, ActiveRecord::SchemaMigration, target).migrate
end

# ---- migrations

Check.test 'migrate' do
  ActiveRecord::SchemaMigration.create_table
  ActiveRecord::InternalMetadata.create_table
  migrator.call(:up)
  Check.same %w[1 2], ActiveRecord::SchemaMigration.pluck(:version).sort
  Check.same %w[ar_internal_metadata customers labels_orders marks orders schema_migrations], connection.tables.sort
end

Check.test 'down and up again' do
  migrator.call(:down, 1)
  Check.same true, connection.table_exists?(:labels)
  Check.same false, connection.column_exists?(:customers, :visits)
  migrator.call(:up)
  Check.same true, connection.column_exists?(:customers, :visits, :integer)
end

Check.test 'a migration that fails leaves nothing' do
  failing = Class.new(ActiveRecord::Migration[6.1]) do
    def up
      create_table :half
      raise 'enough'
    end
  end
  broken = ActiveRecord::Migrator.new(:up, migrations + [failing.new('Failing', 3)], ActiveRecord::SchemaMigration)
  Check.fails(StandardError, /enough/) { broken.migrate }
  Check.same false, connection.table_exists?(:half)
end

# ---- the schema, read back

Check.test 'columns' do
  columns = connection.columns(:customers).to_h { |c| [c.name, c] }
  Check.same %w[id name email settings tags token active created_at updated_at visits], columns.keys
  Check.same [:string, 40, false], [columns['name'].type, columns['name'].limit, columns['name'].null]
  Check.same [:jsonb, true, :uuid], [columns['settings'].type, columns['tags'].array?, columns['token'].type]
  Check.same [:datetime, 6], [columns['created_at'].type, columns['created_at'].precision]
  Check.same ['true', '1'], [columns['active'].default, columns['visits'].default]
  Check.same true, columns['id'].serial? || columns['id'].default_function.include?('unique_rowid')
  total = connection.columns(:orders).find { |c| c.name == 'total' }
  Check.same [:decimal, 10, 2], [total.type, total.precision, total.scale]
  Check.same 'what was said', connection.columns(:orders).find { |c| c.name == 'remark' }.comment
  Check.same 'short words', connection.table_comment(:marks)
end

Check.test 'keys and indexes' do
  Check.same 'id', connection.primary_key(:orders)
  indexes = connection.indexes(:orders).to_h { |i| [i.name, i] }
  Check.same %w[big_orders index_orders_on_customer_id orders_by_due], indexes.keys.sort
  Check.same({ 'due' => :desc }, indexes['orders_by_due'].orders.transform_keys(&:to_s))
  Check.same true, indexes['big_orders'].where.include?('100')
  Check.same true, connection.indexes(:customers).find { |i| i.columns == ['email'] }.unique
  key = connection.foreign_keys(:orders).first
  Check.same ['customers', 'customer_id', :cascade], [key.to_table, key.column, key.on_delete]
  check = connection.check_constraints(:orders).find { |c| c.name == 'total_is_positive' }
  Check.same true, check.expression.include?('total')
end

Check.test 'schema.rb builds the schema again' do
  dumped = StringIO.new
  ActiveRecord::SchemaDumper.dump(connection, dumped)
  %w[create_table jsonb add_foreign_key orders_by_due total_is_positive].each do |word|
    raise "no #{word} in #{dumped.string}" unless dumped.string.include?(word)
  end
  raise dumped.string if dumped.string.include?('Could not dump')
  connection.tables.each { |t| connection.drop_table(t, force: :cascade) }
  eval(dumped.string)
  again = StringIO.new
  ActiveRecord::SchemaDumper.dump(connection, again)
  Check.same dumped.string, again.string
end

# ---- models

Check.test 'create, find, change, delete' do
  [Customer, Order].each(&:reset_column_information)
  ann = Customer.create!(name: 'Ann', email: 'ann@example.org', settings: { theme: 'dark' }, tags: %w[a b])
  ann.reload
  Check.same [{ 'theme' => 'dark' }, %w[a b], true, 1], [ann.settings, ann.tags, ann.active, ann.visits]
  Check.same 36, ann.token.length
  ann.update!(name: 'Anna', tags: [])
  Check.same 'Anna', Customer.find(ann.id).name
  Check.same 1, Customer.where('settings @> ?', { theme: 'dark' }.to_json).count
  Customer.create!(name: 'Gone').destroy!
  Check.same 1, Customer.count
  Check.fails(ActiveRecord::RecordInvalid) { Customer.create!(name: 'x', email: 'ann@example.org') }
  Check.fails(ActiveRecord::RecordNotFound) { Customer.find(0) }
end

Check.test 'associations' do
  ben = Customer.create!(name: 'Ben')
  3.times { |i| ben.orders.create!(total: 50 * i, due: Date.new(2026, 1, i + 1)) }
  Check.same [0, 50, 100], ben.orders.order(:due).map { |o| o.total.to_i }
  Check.same 150, Order.joins(:customer).where(customers: { name: 'Ben' }).sum(:total).to_i
  Check.same %w[Ben], Customer.active.joins(:orders).group(:id).having('count(orders.id) > 2').pluck(:name)
  Check.same 3, Customer.includes(:orders).find(ben.id).orders.to_a.length
  Check.same 3, Customer.eager_load(:orders).where(orders: { total: 0.. }).first.orders.length
  ben.destroy!
  Check.same 0, Order.count
end

Check.test 'many rows' do
  rows = (1..250).map { |i| { name: "n#{i}", email: "n#{i}@example.org", created_at: Time.now, updated_at: Time.now } }
  Customer.insert_all!(rows)
  Check.same 0, Customer.insert_all(rows, unique_by: :email).length
  Customer.upsert_all([rows[0].merge(name: 'changed')], unique_by: :email)
  Check.same 'changed', Customer.find_by(email: 'n1@example.org').name
  seen = 0
  Customer.where('email LIKE ?', 'n%').find_each(batch_size: 40) { seen += 1 }
  Check.same 250, seen
  Check.same 250, Customer.where('email LIKE ?', 'n%').in_batches(of: 100).sum(&:delete_all)
end

Check.test 'values keep their types' do
  at = Time.utc(2026, 3, 1, 12, 30, 15.25r)
  c = Customer.create!(name: "O'Neil \\ \u{1F600}", created_at: at)
  c.reload
  Check.same ["O'Neil \\ \u{1F600}", at], [c.name, c.created_at]
  row = connection.select_one("SELECT 1::INT8 i, 1.50::DECIMAL d, true b, '{1,2}'::INT8[] a, DATE '2026-01-02' t, NULL n")
  Check.same [1, BigDecimal('1.5'), true, [1, 2], Date.new(2026, 1, 2), nil],
             connection.select_all("SELECT 1::INT8 i, 1.50::DECIMAL d, true b, '{1,2}'::INT8[] a, DATE '2026-01-02' t, NULL n")
                       .cast_values.first
  Check.same 6, row.length
end

# ---- transactions

Check.test 'rollback, nested' do
  Customer.transaction do
    Customer.create!(name: 'outer')
    Customer.transaction(requires_new: true) do
      Customer.create!(name: 'inner')
      raise ActiveRecord::Rollback
    end
  end
  Check.same %w[outer], Customer.where(name: %w[outer inner]).pluck(:name)
  Customer.transaction do
    Customer.create!(name: 'never')
    raise ActiveRecord::Rollback
  end
  Check.same 0, Customer.where(name: 'never').count
end

Check.test 'errors have their classes' do
  Check.fails(ActiveRecord::RecordNotUnique) do
    connection.execute("INSERT INTO customers (name, email, created_at, updated_at) VALUES ('x', 'ann@example.org', now(), now())")
  end
  Check.fails(ActiveRecord::InvalidForeignKey) { Order.new(customer_id: 1).save!(validate: false) }
  Check.fails(ActiveRecord::NotNullViolation) { Customer.new.save!(validate: false) }
  Check.fails(ActiveRecord::ValueTooLong) { Customer.create!(name: 'x' * 41) }
  Check.fails(ActiveRecord::StatementInvalid, /syntax/) { connection.execute('SELEC 1') }
  # A transaction goes on after a savepoint.
  Customer.transaction do
    Check.fails(ActiveRecord::NotNullViolation) do
      Customer.transaction(requires_new: true) { Customer.new.save!(validate: false) }
    end
    Customer.create!(name: 'after')
  end
  Check.same 1, Customer.where(name: 'after').count
end

Check.test 'locks' do
  order = Customer.first.orders.create!(total: 1)
  Order.transaction { Order.lock.find(order.id).update!(total: 2) }
  stale = Order.find(order.id)
  Order.find(order.id).update!(total: 3)
  Check.fails(ActiveRecord::StaleObjectError) { stale.update!(total: 4) }
  Check.same 3, order.reload.total.to_i
end

Check.test 'isolation' do
  Customer.transaction(isolation: :serializable) { Customer.count }
  Customer.transaction(isolation: :read_committed) { Customer.count }
end

# ---- plans, statements of the adapter

Check.test 'EXPLAIN' do
  raise 'no plan' unless Customer.where(email: 'x').explain.include?('scan')
end

Check.test 'prepared statements after a change of the table' do
  Customer.find_by(email: 'ann@example.org')
  connection.add_column :customers, :extra, :text
  Customer.reset_column_information
  Check.same 'Anna', Customer.find_by(email: 'ann@example.org').name
  Customer.first.update!(extra: 'more')
  connection.remove_column :customers, :extra
  Customer.reset_column_information
  Check.same 'Anna', Customer.find_by(email: 'ann@example.org').name
end

Check.test 'views, sequences, enums, extensions' do
  connection.execute('CREATE VIEW active_customers AS SELECT id, name FROM customers WHERE active')
  Check.same %w[active_customers], connection.views
  Check.same true, connection.data_source_exists?(:active_customers)
  connection.execute("CREATE TYPE mood AS ENUM ('sad', 'happy')")
  connection.execute('ALTER TABLE customers ADD COLUMN mood mood')
  Customer.reset_column_information
  Customer.first.update!(mood: 'happy')
  Check.same 'happy', Customer.first.mood
  Check.same true, connection.extensions.is_a?(Array)
  Check.same 'shop', connection.current_database
  Check.same 'public', connection.current_schema
  Check.same true, connection.schema_names.include?('public')
end

Check.finish
