CREATE TABLE region (r_regionkey INT PRIMARY KEY, r_name TEXT NOT NULL, r_comment TEXT);
CREATE TABLE nation (n_nationkey INT PRIMARY KEY, n_name TEXT NOT NULL, n_regionkey INT NOT NULL, n_comment TEXT);
CREATE TABLE supplier (s_suppkey INT PRIMARY KEY, s_name TEXT NOT NULL, s_address TEXT NOT NULL, s_nationkey INT NOT NULL,
  s_phone TEXT NOT NULL, s_acctbal DECIMAL(15,2) NOT NULL, s_comment TEXT NOT NULL);
CREATE TABLE part (p_partkey INT PRIMARY KEY, p_name TEXT NOT NULL, p_mfgr TEXT NOT NULL, p_brand TEXT NOT NULL,
  p_type TEXT NOT NULL, p_size INT NOT NULL, p_container TEXT NOT NULL, p_retailprice DECIMAL(15,2) NOT NULL,
  p_comment TEXT NOT NULL);
CREATE TABLE partsupp (ps_partkey INT NOT NULL, ps_suppkey INT NOT NULL, ps_availqty INT NOT NULL,
  ps_supplycost DECIMAL(15,2) NOT NULL, ps_comment TEXT NOT NULL, PRIMARY KEY (ps_partkey, ps_suppkey));
CREATE TABLE customer (c_custkey INT PRIMARY KEY, c_name TEXT NOT NULL, c_address TEXT NOT NULL, c_nationkey INT NOT NULL,
  c_phone TEXT NOT NULL, c_acctbal DECIMAL(15,2) NOT NULL, c_mktsegment TEXT NOT NULL, c_comment TEXT NOT NULL);
CREATE TABLE orders (o_orderkey INT PRIMARY KEY, o_custkey INT NOT NULL, o_orderstatus TEXT NOT NULL,
  o_totalprice DECIMAL(15,2) NOT NULL, o_orderdate DATE NOT NULL, o_orderpriority TEXT NOT NULL, o_clerk TEXT NOT NULL,
  o_shippriority INT NOT NULL, o_comment TEXT NOT NULL);
CREATE TABLE lineitem (l_orderkey INT NOT NULL, l_partkey INT NOT NULL, l_suppkey INT NOT NULL, l_linenumber INT NOT NULL,
  l_quantity DECIMAL(15,2) NOT NULL, l_extendedprice DECIMAL(15,2) NOT NULL, l_discount DECIMAL(15,2) NOT NULL,
  l_tax DECIMAL(15,2) NOT NULL, l_returnflag TEXT NOT NULL, l_linestatus TEXT NOT NULL, l_shipdate DATE NOT NULL,
  l_commitdate DATE NOT NULL, l_receiptdate DATE NOT NULL, l_shipinstruct TEXT NOT NULL, l_shipmode TEXT NOT NULL,
  l_comment TEXT NOT NULL, PRIMARY KEY (l_orderkey, l_linenumber));
CREATE INDEX s_nk ON supplier (s_nationkey);
CREATE INDEX ps_sk ON partsupp (ps_suppkey);
CREATE INDEX c_nk ON customer (c_nationkey);
CREATE INDEX o_ck ON orders (o_custkey);
CREATE INDEX o_od ON orders (o_orderdate);
CREATE INDEX l_pk ON lineitem (l_partkey, l_suppkey);
CREATE INDEX l_sd ON lineitem (l_shipdate);
