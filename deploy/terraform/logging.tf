# One entry or none for each kind of log endpoint, as dynamic blocks want it.
locals {
  log = {
    https    = { for kind, log in { https = var.log.https } : kind => log if log != null }
    s3       = { for kind, log in { s3 = var.log.s3 } : kind => log if log != null }
    gcs      = { for kind, log in { gcs = var.log.gcs } : kind => log if log != null }
    bigquery = { for kind, log in { bigquery = var.log.bigquery } : kind => log if log != null }
    kafka    = { for kind, log in { kafka = var.log.kafka } : kind => log if log != null }
  }
}
