# The click log's table in Athena, over the files that Fastly writes to S3, with
# the columns of the log's description. clicklog.json is made from it.
locals {
  click_log = jsondecode(file("${path.module}/clicklog.json"))

  location = "s3://${var.bucket}/${var.folder == null ? local.click_log.folder : var.folder}"
}

resource "aws_glue_catalog_database" "clicks" {
  name        = var.database
  description = "The click log of the link domains, written by Fastly."
}

resource "aws_glue_catalog_table" "log" {
  database_name = aws_glue_catalog_database.clicks.name
  name          = local.click_log.table
  description   = "Lines of the click log. A request may stand here twice: ask the view clickedge_requests."
  table_type    = "EXTERNAL_TABLE"

  parameters = merge(local.click_log.parameters, {
    EXTERNAL                    = "TRUE"
    "storage.location.template" = "${local.location}${local.click_log.day_folder}"
  })

  partition_keys {
    name = local.click_log.day
    type = "string"
  }

  storage_descriptor {
    location      = local.location
    input_format  = "org.apache.hadoop.mapred.TextInputFormat"
    output_format = "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat"

    ser_de_info {
      serialization_library = local.click_log.serde
    }

    dynamic "columns" {
      for_each = local.click_log.columns
      content {
        name = columns.value.name
        type = columns.value.type
      }
    }
  }
}

# The view has to be made by running a query: Athena alone writes a view in the
# form that it reads. It is the saved query clickedge_requests.
resource "aws_athena_named_query" "query" {
  for_each = local.click_log.queries

  name      = each.key
  database  = aws_glue_catalog_database.clicks.name
  workgroup = var.workgroup
  query     = each.value
}
