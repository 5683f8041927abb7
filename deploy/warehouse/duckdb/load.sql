-- Put your files in place of the name. What DuckDB finds out by itself lacks members
-- that no line at the beginning has, so the columns are named.
INSERT INTO clickedge_log BY NAME
SELECT * FROM read_json('clicks.ndjson', format = 'newline_delimited', columns = {
  "v": 'BIGINT',
  "time": 'TIMESTAMP',
  "request": 'VARCHAR',
  "host": 'VARCHAR',
  "esp": 'VARCHAR',
  "kind": 'VARCHAR',
  "method": 'VARCHAR',
  "action": 'VARCHAR',
  "code": 'VARCHAR',
  "status": 'BIGINT',
  "destination": 'VARCHAR',
  "reading": 'VARCHAR',
  "id": 'VARCHAR',
  "kid": 'VARCHAR',
  "exp": 'BIGINT',
  "origin_status": 'BIGINT',
  "origin_error": 'VARCHAR',
  "second_origin": 'VARCHAR',
  "missed": 'VARCHAR',
  "agrees": 'VARCHAR',
  "origin_destination": 'VARCHAR',
  "verdict": 'VARCHAR',
  "reasons": 'VARCHAR',
  "agent": 'VARCHAR',
  "override": 'VARCHAR',
  "us": 'BIGINT',
  "vcpu_ms": 'BIGINT',
  "version": 'VARCHAR'
}) WHERE "v" = 1;
