# A folder for each day, as the Athena table expects it.
locals {
  click_log = jsondecode(file("${path.module}/clicklog.json"))
}

# var.log has no type constraint, as that would drop a misspelt name in silence.
# What it may hold stands here, with what holds where nothing is given.
locals {
  log_takes = {
    https = {
      url         = null
      header_name = null
      period      = 5
    }
    s3 = {
      bucket            = null
      domain            = "s3.amazonaws.com"
      path              = local.click_log.path
      iam_role          = null
      period            = 300
      redundancy        = "standard"
      compression_codec = "gzip"
    }
    gcs = {
      bucket            = null
      project_id        = null
      user              = null
      account_name      = null
      path              = local.click_log.path
      period            = 300
      compression_codec = "gzip"
    }
    bigquery = {
      project_id   = null
      dataset      = null
      table        = null
      template     = null
      account_name = null
    }
    kafka = {
      brokers           = null
      topic             = null
      auth_method       = null
      user              = null
      required_acks     = "1"
      tls_hostname      = null
      compression_codec = null
    }
  }
  log_needs = {
    https    = ["url"]
    s3       = ["bucket"]
    gcs      = ["bucket"]
    bigquery = ["project_id", "dataset", "table"]
    kafka    = ["brokers", "topic"]
  }
  log_secrets_of = {
    https    = ["https_header_value"]
    s3       = ["s3_access_key", "s3_secret_key"]
    gcs      = ["gcs_secret_key"]
    bigquery = ["bigquery_email", "bigquery_secret"]
    kafka    = ["kafka_password"]
  }
}

locals {
  # One entry or none for each kind of log target, as dynamic blocks want it.
  log = {
    for kind, takes in local.log_takes : kind => [
      for given in [try(var.log[kind], null)] : {
        for name, default in takes : name => try(given[name], null) == null ? default : given[name]
      } if given != null
    ]
  }
  log_secrets = {
    for name in flatten(values(local.log_secrets_of)) : name => try(var.log_secrets[name], null)
  }

  # Of the secrets, the names alone are not secret.
  log_secret_names = nonsensitive(try([for name, secret in var.log_secrets : name if secret != null], []))
  log_secrets_set  = nonsensitive([for name, secret in local.log_secrets : name if try(trimspace(secret), "") != ""])

  # What each target was given: an empty text is nothing given.
  log_has = {
    for kind, logs in local.log : kind => flatten([
      for log in logs : [for name, value in log : name if try(trimspace(value), "") != ""]
    ])
  }

  log_kinds = [for kind, log in local.log : kind if length(log) > 0]
}
