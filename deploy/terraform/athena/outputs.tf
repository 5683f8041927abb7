output "log" {
  description = "For the argument log of the clickedge module: { s3 = merge(module.….log, { iam_role = \"…\" }) }."
  value = {
    bucket = var.bucket
    path   = "${var.folder == null ? local.click_log.folder : var.folder}${local.click_log.path}"
  }
}

output "view" {
  description = "The saved query to run once in Athena, and again after an update of this module: it makes the view."
  value       = aws_athena_named_query.query["clickedge_requests"].id
}
