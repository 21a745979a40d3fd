%type <node> unimplemented_stmt

%%
// ---- What is recognized and refused ---------------------------------------------------------------------------
// Statements that CockroachDB or PostgreSQL have: they answer 0A000 with their name rather than a plain syntax error.
unimplemented_stmt:
    "IMPORT" error { UNIMPLEMENTED("IMPORT"); }
  | "EXPORT" error { UNIMPLEMENTED("EXPORT"); }
  | "MERGE" error { UNIMPLEMENTED("MERGE"); }
  | "REINDEX" error { UNIMPLEMENTED("REINDEX"); }
  | "CREATE" "CHANGEFEED" error { UNIMPLEMENTED("CREATE CHANGEFEED"); }
  | "CREATE" "SCHEDULE" error { UNIMPLEMENTED("CREATE SCHEDULE"); }
  | "CREATE" "EXTERNAL" error { UNIMPLEMENTED("CREATE EXTERNAL CONNECTION"); }
  | "CREATE" "POLICY" error { UNIMPLEMENTED("CREATE POLICY"); }
  | "CREATE" opt_or_replace "TRIGGER" error { UNIMPLEMENTED("CREATE TRIGGER"); }
  | "CREATE" opt_or_replace "AGGREGATE" error { UNIMPLEMENTED("CREATE AGGREGATE"); }
  | "CREATE" opt_or_replace "RULE" error { UNIMPLEMENTED("CREATE RULE"); }
  | "CREATE" "OPERATOR" error { UNIMPLEMENTED("CREATE OPERATOR"); }
  | "CREATE" "PUBLICATION" error { UNIMPLEMENTED("CREATE PUBLICATION"); }
  | "CREATE" "SUBSCRIPTION" error { UNIMPLEMENTED("CREATE SUBSCRIPTION"); }
  | "ALTER" "CHANGEFEED" error { UNIMPLEMENTED("ALTER CHANGEFEED"); }
  | "ALTER" "BACKUP" error { UNIMPLEMENTED("ALTER BACKUP"); }
  | "ALTER" "POLICY" error { UNIMPLEMENTED("ALTER POLICY"); }
  | "ALTER" "JOB" error { UNIMPLEMENTED("ALTER JOB"); }
  | "ALTER" "DATABASE" name "ADD" error { (void)$3; UNIMPLEMENTED("ALTER DATABASE ADD REGION"); }
  | "ALTER" "DATABASE" name "DROP" error { (void)$3; UNIMPLEMENTED("ALTER DATABASE DROP REGION"); }
  | "ALTER" "DATABASE" name "PRIMARY" error { (void)$3; UNIMPLEMENTED("ALTER DATABASE PRIMARY REGION"); }
  | "ALTER" "DATABASE" name "SURVIVE" error { (void)$3; UNIMPLEMENTED("ALTER DATABASE SURVIVE"); }
  | "ALTER" "DATABASE" name "PLACEMENT" error { (void)$3; UNIMPLEMENTED("ALTER DATABASE PLACEMENT"); }
  | "DROP" "TRIGGER" error { UNIMPLEMENTED("DROP TRIGGER"); }
  | "DROP" "POLICY" error { UNIMPLEMENTED("DROP POLICY"); }
  | "DROP" "EXTERNAL" error { UNIMPLEMENTED("DROP EXTERNAL CONNECTION"); }
  | "DROP" "AGGREGATE" error { UNIMPLEMENTED("DROP AGGREGATE"); }
  ;
