-- The role that Grafana reads with. It can read the view and the table, and
-- nothing else: whoever may edit a panel can send any SQL. Set its password with
-- \password clickedge_grafana in psql, so that it stands in no file.
CREATE ROLE clickedge_grafana LOGIN;
GRANT SELECT ON clickedge_log, clickedge_requests TO clickedge_grafana;
ALTER ROLE clickedge_grafana SET default_transaction_read_only = on;
ALTER ROLE clickedge_grafana SET statement_timeout = '30s';
