//! Where sealed values stand. A test compares this with the schema, so that a new place cannot be forgotten.

use crate::seal::Purpose;
use crate::{Keys, StoreError};
use sea_orm::{ConnectionTrait, DbBackend, DbErr, QueryResult, Statement, Value};

/// A table whose column `sealed` holds sealed values.
///
/// A value is bound to its row: the first column of the table's key names the row, the second one (else `sealed`) the column.
#[derive(Clone, Copy, Debug)]
pub(super) struct SealedColumn {
    pub(super) table: &'static str,
    pub(super) keys: &'static [&'static str],
    pub(super) purpose: Purpose,
}

pub(super) const SEALED: &[SealedColumn] = &[
    SealedColumn { table: "credential_fields", keys: &["credential_id", "field"], purpose: Purpose::Credentials },
    SealedColumn { table: "provider_secrets", keys: &["provider_id", "field"], purpose: Purpose::Credentials },
    SealedColumn { table: "idempotency", keys: &["id"], purpose: Purpose::Idempotency },
    SealedColumn { table: "settings", keys: &["name"], purpose: Purpose::Settings },
];

/// One sealed value with the key of its row.
#[derive(Clone, Debug)]
pub(super) struct Cell {
    key: Vec<String>,
    pub(super) blob: Vec<u8>,
}

impl Cell {
    pub(super) fn row(&self) -> &str {
        self.key.first().map_or("", String::as_str)
    }

    pub(super) fn column(&self) -> &str {
        self.key.get(1).map_or("sealed", String::as_str)
    }
}

impl SealedColumn {
    /// Values that another root secret than the current one has sealed, in the order of the table's key, after `after`.
    pub(super) async fn not_under(
        &self,
        tx: &impl ConnectionTrait,
        keys: &Keys,
        after: Option<&Cell>,
        limit: u64,
    ) -> Result<Vec<Cell>, StoreError> {
        let mut values = vec![Value::from(keys.header().to_vec())];
        let mut beyond = String::new();
        if let Some(after) = after {
            let places: Vec<_> = after
                .key
                .iter()
                .map(|key| {
                    values.push(key.as_str().into());
                    format!("${}", values.len())
                })
                .collect();
            beyond = format!("AND ({}) > ({})", self.keys.join(", "), places.join(", "));
        }
        values.push(Value::BigInt(Some(i64::try_from(limit).unwrap_or(i64::MAX))));
        let sql = format!(
            "SELECT sealed, {keys} FROM {table} WHERE sealed IS NOT NULL AND substr(sealed, 1, 6) <> $1 {beyond} ORDER BY {keys} LIMIT ${limit}",
            keys = self.keys.join(", "),
            table = self.table,
            limit = values.len(),
        );
        let found = tx.query_all_raw(Statement::from_sql_and_values(tx.get_database_backend(), sql, values)).await;
        let cells = found.and_then(|rows| rows.iter().map(|row| self.cell(row)).collect::<Result<Vec<_>, DbErr>>());
        cells.map_err(StoreError::database("looking for sealed values"))
    }

    /// How many values each key has sealed.
    pub(super) async fn by_key(&self, connection: &impl ConnectionTrait) -> Result<Vec<(String, u64)>, StoreError> {
        let sql = format!("SELECT substr(sealed, 3, 4), COUNT(*) FROM {} WHERE sealed IS NOT NULL GROUP BY 1", self.table);
        let rows = connection.query_all_raw(Statement::from_string(connection.get_database_backend(), sql)).await;
        let read = |row: &QueryResult| {
            let id: Vec<u8> = row.try_get_by_index(0)?;
            let count: i64 = row.try_get_by_index(1)?;
            Ok((id.iter().map(|byte| format!("{byte:02x}")).collect(), count.unsigned_abs()))
        };
        let counts = rows.and_then(|rows| rows.iter().map(read).collect::<Result<Vec<_>, DbErr>>());
        counts.map_err(StoreError::database("counting sealed values"))
    }

    /// Writes a value where the one that was read still stands.
    pub(super) fn exchange(&self, backend: DbBackend, cell: &Cell, fresh: Vec<u8>) -> Statement {
        let mut values = vec![Value::from(fresh), Value::from(cell.blob.clone())];
        let mut sql = format!("UPDATE {} SET sealed = $1 WHERE sealed = $2", self.table);
        for (name, key) in self.keys.iter().zip(&cell.key) {
            values.push(key.as_str().into());
            sql += &format!(" AND {name} = ${}", values.len());
        }
        Statement::from_sql_and_values(backend, sql, values)
    }

    fn cell(&self, row: &QueryResult) -> Result<Cell, DbErr> {
        let key = (1..=self.keys.len()).map(|index| row.try_get_by_index(index)).collect::<Result<_, _>>()?;
        Ok(Cell { key, blob: row.try_get_by_index(0)? })
    }
}
