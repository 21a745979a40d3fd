%type <node> stmt preparable_stmt
%start input

%%
// ---- Statements -----------------------------------------------------------------------------------------------
input:
    stmt
    {
        p->result = select_into(p, $1);
        if (p->result == NULL)
            FAIL("SELECT ... INTO is not allowed here");
    }
  | START_EXPR expr { p->result = $2; }
  | START_TYPE type_name { p->result = $2; }
  ;
stmt:
    preparable_stmt
  | transaction_stmt
  | copy_stmt
  | comment_stmt
  | prepare_stmt
  | execute_stmt
  | deallocate_stmt
  | discard_stmt
  | cursor_stmt
  | notify_stmt
  | vacuum_stmt
  | reassign_owned_stmt
  | drop_owned_stmt
  | refresh_stmt
  | do_stmt
  | call_stmt
  | set_stmt
  | reset_stmt
  | use_stmt
  | configure_zone_stmt
  | lock_stmt
  | analyze_stmt
  ;
// Statements that PREPARE, EXPLAIN, WITH and [ … ] take; which of them make sense there the analyzer decides.
preparable_stmt:
    select_stmt
  | insert_stmt
  | upsert_stmt
  | update_stmt
  | delete_stmt
  | truncate_stmt
  | show_stmt
  | explain_stmt
  | create_table_stmt
  | create_index_stmt
  | create_view_stmt
  | create_sequence_stmt
  | create_type_stmt
  | create_database_stmt
  | create_schema_stmt
  | create_extension_stmt
  | create_statistics_stmt
  | create_function_stmt
  | create_trigger_stmt
  | create_role_stmt
  | alter_table_stmt
  | alter_sequence_stmt
  | alter_type_stmt
  | alter_database_stmt
  | alter_object_stmt
  | alter_index_stmt
  | alter_role_stmt
  | alter_default_privileges_stmt
  | drop_stmt
  | drop_role_stmt
  | grant_stmt
  | revoke_stmt
  | control_stmt
  | virtual_cluster_stmt
  | backup_stmt
  | schedule_stmt
  | restore_stmt
  | inspect_stmt
  | "CREATE" error { HELP("CREATE"); }
  | "ALTER" error { HELP("ALTER"); }
  | "DROP" error { HELP("DROP"); }
  ;
