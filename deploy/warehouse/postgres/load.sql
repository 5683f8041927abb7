-- With psql --set=ON_ERROR_STOP=1, in the folder of the file. No byte of a line can be taken for a
-- delimiter or a quote: both are control characters, which JSON escapes.
CREATE TEMPORARY TABLE clickedge_lines (line text);
\copy clickedge_lines FROM 'clicks.ndjson' WITH (FORMAT csv, DELIMITER E'\x02', QUOTE E'\x01')
INSERT INTO clickedge_log
SELECT l.* FROM clickedge_lines, jsonb_populate_record(NULL::clickedge_log, line::jsonb) AS l WHERE l."v" = 1;
DROP TABLE clickedge_lines;
