# The click log's table in BigQuery, with the columns of the log's description.
# clicklog.json is made from it: a new member of the log is a new column.
locals {
  click_log = jsondecode(file("${path.module}/clicklog.json"))

  day = 24 * 60 * 60 * 1000 # in milliseconds
}

resource "google_bigquery_dataset" "clicks" {
  project     = var.project_id
  dataset_id  = var.dataset
  location    = var.location
  description = "The click log of the link domains, written by Fastly."
}

resource "google_bigquery_table" "log" {
  project     = var.project_id
  dataset_id  = google_bigquery_dataset.clicks.dataset_id
  table_id    = local.click_log.table
  description = "Lines of the click log. A request may stand here twice: ask ${local.click_log.view}."
  schema      = jsonencode(local.click_log.columns)
  clustering  = local.click_log.cluster

  time_partitioning {
    type          = "DAY"
    field         = local.click_log.day
    expiration_ms = var.keep_days == null ? null : var.keep_days * local.day
  }

  deletion_protection = var.deletion_protection
}

resource "google_bigquery_table" "requests" {
  project     = var.project_id
  dataset_id  = google_bigquery_dataset.clicks.dataset_id
  table_id    = local.click_log.view
  description = "Each request of the click log once."

  view {
    query          = replace(local.click_log.query, "FROM ${local.click_log.table}", "FROM `${var.project_id}.${var.dataset}.${google_bigquery_table.log.table_id}`")
    use_legacy_sql = false
  }

  deletion_protection = false # it holds nothing
}

# What Fastly writes as, if Terraform is to let it. It may write to this table
# and to no other.
resource "google_bigquery_table_iam_member" "writer" {
  for_each = toset(var.writer == null ? [] : [var.writer])

  project    = var.project_id
  dataset_id = google_bigquery_dataset.clicks.dataset_id
  table_id   = google_bigquery_table.log.table_id
  role       = "roles/bigquery.dataEditor"
  member     = "serviceAccount:${each.value}"
}
