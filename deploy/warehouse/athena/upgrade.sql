-- For a table of an earlier version, in Amazon Athena: the columns that it lacks. Afterwards, run
-- schema.sql, which makes the view anew.
-- The table only says how files are read, so it is made anew; the files stay.
DROP VIEW IF EXISTS clickedge_requests;
DROP TABLE IF EXISTS clickedge_log;
