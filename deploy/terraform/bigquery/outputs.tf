output "log" {
  description = "For the argument log of the clickedge module: { bigquery = merge(module.….log, { account_name = \"…\" }) }."
  value = {
    project_id = var.project_id
    dataset    = google_bigquery_dataset.clicks.dataset_id
    table      = google_bigquery_table.log.table_id
  }
}
