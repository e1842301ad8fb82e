//! SQLSTATE codes: what each is called, and which may be quoted.

/// The condition name of a code, as the server's manual lists it: of the codes that a night can meet.
/// Any other is called by its class.
pub(super) fn condition(code: &str) -> &'static str {
    match code {
        "01000" => "warning",
        "08000" => "connection_exception",
        "08001" => "sqlclient_unable_to_establish_sqlconnection",
        "08003" => "connection_does_not_exist",
        "08004" => "sqlserver_rejected_establishment_of_sqlconnection",
        "08006" => "connection_failure",
        "08P01" => "protocol_violation",
        "0A000" => "feature_not_supported",
        "21000" => "cardinality_violation",
        "22000" => "data_exception",
        "22001" => "string_data_right_truncation",
        "22003" => "numeric_value_out_of_range",
        "22007" => "invalid_datetime_format",
        "22008" => "datetime_field_overflow",
        "22012" => "division_by_zero",
        "22021" => "character_not_in_repertoire",
        "22023" => "invalid_parameter_value",
        "22P02" => "invalid_text_representation",
        "22P03" => "invalid_binary_representation",
        "22P04" => "bad_copy_file_format",
        "22P05" => "untranslatable_character",
        "23000" => "integrity_constraint_violation",
        "23001" => "restrict_violation",
        "23502" => "not_null_violation",
        "23503" => "foreign_key_violation",
        "23505" => "unique_violation",
        "23514" => "check_violation",
        "23P01" => "exclusion_violation",
        "25000" => "invalid_transaction_state",
        "25001" => "active_sql_transaction",
        "25006" => "read_only_sql_transaction",
        "25P02" => "in_failed_sql_transaction",
        "25P03" => "idle_in_transaction_session_timeout",
        "26000" => "invalid_sql_statement_name",
        "28000" => "invalid_authorization_specification",
        "28P01" => "invalid_password",
        "2BP01" => "dependent_objects_still_exist",
        "3D000" => "invalid_catalog_name",
        "3F000" => "invalid_schema_name",
        "40001" => "serialization_failure",
        "40003" => "statement_completion_unknown",
        "40P01" => "deadlock_detected",
        "42501" => "insufficient_privilege",
        "42601" => "syntax_error",
        "42602" => "invalid_name",
        "42622" => "name_too_long",
        "42703" => "undefined_column",
        "42704" => "undefined_object",
        "42710" => "duplicate_object",
        "42723" => "duplicate_function",
        "42804" => "datatype_mismatch",
        "42809" => "wrong_object_type",
        "42830" => "invalid_foreign_key",
        "42883" => "undefined_function",
        "42939" => "reserved_name",
        "42P01" => "undefined_table",
        "42P04" => "duplicate_database",
        "42P06" => "duplicate_schema",
        "42P07" => "duplicate_table",
        "42P10" => "invalid_column_reference",
        "42P16" => "invalid_table_definition",
        "42P17" => "invalid_object_definition",
        "42P18" => "indeterminate_datatype",
        "53000" => "insufficient_resources",
        "53100" => "disk_full",
        "53200" => "out_of_memory",
        "53300" => "too_many_connections",
        "53400" => "configuration_limit_exceeded",
        "54000" => "program_limit_exceeded",
        "54001" => "statement_too_complex",
        "54023" => "too_many_arguments",
        "55000" => "object_not_in_prerequisite_state",
        "55006" => "object_in_use",
        "55P03" => "lock_not_available",
        "57000" => "operator_intervention",
        "57014" => "query_canceled",
        "57P01" => "admin_shutdown",
        "57P02" => "crash_shutdown",
        "57P03" => "cannot_connect_now",
        "57P04" => "database_dropped",
        "57P05" => "idle_session_timeout",
        "58000" => "system_error",
        "58030" => "io_error",
        "58P01" => "undefined_file",
        "P0001" => "raise_exception",
        "XX000" => "internal_error",
        "XX001" => "data_corrupted",
        "XX002" => "index_corrupted",
        _ => class(code),
    }
}

fn class(code: &str) -> &'static str {
    match code.get(..2) {
        Some("08") => "a connection exception",
        Some("22") => "a data exception",
        Some("23") => "an integrity constraint violation",
        Some("25") => "an invalid transaction state",
        Some("28") => "an invalid authorization",
        Some("40") => "a transaction rollback",
        Some("42") => "a syntax error or access rule violation",
        Some("53") => "insufficient resources",
        Some("54") => "a program limit exceeded",
        Some("55") => "an object not in prerequisite state",
        Some("57") => "an operator intervention",
        Some("58") => "a system error",
        Some("XX") => "an internal error",
        _ => "see the manual's list of error codes",
    }
}

/// Whether the message of such an error names objects, settings and limits only. Classes 22 and 23
/// quote values of rows, P0 whatever a function raises, XX anything; a syntax error (42601) quotes
/// the statement's text, and with it the literals.
pub(super) fn message_is_free_of_values(code: &str) -> bool {
    code != "42601"
        && matches!(
            code.get(..2),
            Some("08" | "0A" | "25" | "28" | "3D" | "40" | "42" | "53" | "54" | "55" | "57" | "58")
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_known_code_has_its_name_and_another_its_class() {
        assert_eq!(condition("42501"), "insufficient_privilege");
        assert_eq!(condition("22999"), "a data exception");
        assert_eq!(condition("é"), "see the manual's list of error codes");
    }
}
