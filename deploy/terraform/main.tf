locals {
  plan = jsondecode(file(var.plan))
}

data "fastly_package_hash" "module" {
  filename = var.package
}

# The names that the module opens are those of the links; the stores' own may
# differ. A store cannot be renamed, only made anew, and empty: one that exists
# keeps its name when var.name changes.
resource "fastly_configstore" "sites" {
  name = var.name

  lifecycle {
    ignore_changes = [name]
  }
}

# `clickedge keys push` writes the secrets: Terraform cannot, and would keep
# them in its state.
resource "fastly_secretstore" "keys" {
  name = "${var.name}-keys"

  lifecycle {
    ignore_changes = [name]
  }
}

# The links that have been learned, where a site has "learn". The module writes
# them; `clickedge archive` takes them out, so that the store can be made anew.
resource "fastly_kvstore" "links" {
  count = try(local.plan.learn, false) ? 1 : 0
  name  = "${var.name}-links"

  lifecycle {
    ignore_changes = [name]
  }
}

resource "fastly_service_compute" "this" {
  name            = var.name
  comment         = var.comment
  version_comment = try(local.plan.version_comment, "")
  activate        = !var.stage
  stage           = var.stage
  force_destroy   = var.force_destroy

  package {
    filename         = var.package
    source_code_hash = data.fastly_package_hash.module.hash
  }

  resource_link {
    name        = "clickedge"
    resource_id = fastly_configstore.sites.id
  }

  resource_link {
    name        = "clickedge-keys"
    resource_id = fastly_secretstore.keys.id
  }

  dynamic "resource_link" {
    for_each = fastly_kvstore.links
    content {
      name        = "clickedge-links"
      resource_id = resource_link.value.id
    }
  }

  # The backends have the names that the module asks for. Host stays the branded
  # domain, so override_host is not set: the ESPs know a sender by it.
  dynamic "backend" {
    for_each = local.backends
    content {
      name                  = backend.key
      address               = backend.value.address
      port                  = backend.value.port
      use_ssl               = backend.value.tls
      ssl_check_cert        = true
      ssl_sni_hostname      = backend.value.tls ? backend.value.name : null
      ssl_cert_hostname     = backend.value.tls ? backend.value.name : null
      min_tls_version       = backend.value.tls ? "1.2" : null
      connect_timeout       = var.connect_timeout
      first_byte_timeout    = backend.value.first_byte_timeout_ms
      between_bytes_timeout = var.between_bytes_timeout
      prefer_ipv6           = var.prefer_ipv6
    }
  }

  dynamic "domain" {
    for_each = local.domains_in_versions ? local.hosts : toset([])
    content {
      name = domain.value
    }
  }

  dynamic "logging_https" {
    for_each = local.log.https
    content {
      name         = "clicks"
      url          = logging_https.value.url
      method       = "POST"
      content_type = "application/x-ndjson"
      json_format  = "2"
      message_type = "blank"
      period       = logging_https.value.period
      header_name  = logging_https.value.header_name
      header_value = local.log_secrets.https_header_value
    }
  }

  dynamic "logging_s3" {
    for_each = local.log.s3
    content {
      name              = "clicks"
      bucket_name       = logging_s3.value.bucket
      domain            = logging_s3.value.domain
      path              = logging_s3.value.path
      period            = logging_s3.value.period
      redundancy        = logging_s3.value.redundancy
      compression_codec = logging_s3.value.compression_codec
      message_type      = "blank"
      s3_iam_role       = logging_s3.value.iam_role
      s3_access_key     = local.log_secrets.s3_access_key
      s3_secret_key     = local.log_secrets.s3_secret_key
    }
  }

  dynamic "logging_gcs" {
    for_each = local.log.gcs
    content {
      name              = "clicks"
      bucket_name       = logging_gcs.value.bucket
      project_id        = logging_gcs.value.project_id
      account_name      = logging_gcs.value.account_name
      path              = logging_gcs.value.path
      period            = logging_gcs.value.period
      compression_codec = logging_gcs.value.compression_codec
      message_type      = "blank"
      user              = logging_gcs.value.user
      secret_key        = local.log_secrets.gcs_secret_key
    }
  }

  dynamic "logging_bigquery" {
    for_each = local.log.bigquery
    content {
      name         = "clicks"
      project_id   = logging_bigquery.value.project_id
      dataset      = logging_bigquery.value.dataset
      table        = logging_bigquery.value.table
      template     = logging_bigquery.value.template
      account_name = logging_bigquery.value.account_name
      email        = local.log_secrets.bigquery_email
      secret_key   = local.log_secrets.bigquery_secret
    }
  }

  dynamic "logging_kafka" {
    for_each = local.log.kafka
    content {
      name              = "clicks"
      brokers           = logging_kafka.value.brokers
      topic             = logging_kafka.value.topic
      required_acks     = logging_kafka.value.required_acks
      compression_codec = logging_kafka.value.compression_codec
      use_tls           = true
      tls_hostname      = logging_kafka.value.tls_hostname
      auth_method       = logging_kafka.value.auth_method
      user              = logging_kafka.value.user
      password          = local.log_secrets.kafka_password
    }
  }

  lifecycle {
    precondition {
      condition     = length(local.problems) == 0
      error_message = join("\n", local.problems)
    }
    precondition {
      condition     = length(local.log_problems) == 0
      error_message = join("\n", local.log_problems)
    }
    precondition {
      condition     = var.keep_versioned_domains || terraform_data.domains.output == var.versionless_domains
      error_message = "versionless_domains cannot change in one step: the domains would leave the service before they are back. The README has the steps, \"From versions to versionless domains\"."
    }
  }
}
