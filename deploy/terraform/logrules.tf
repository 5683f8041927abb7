# Rules for log and log_secrets. Names come first: a misspelt member would be
# ignored, and the click log would be lost or go elsewhere.
locals {
  log_rules = concat(local.log_name_rules, local.log_credential_rules, local.log_value_rules)

  log_problems = [for rule in local.log_rules : rule.says if !rule.holds]

  log_name_rules = concat(
    # Not a validation of the variable: Terraform would show the caller's line.
    [
      {
        holds = nonsensitive(can(keys(var.log_secrets)))
        says  = "log_secrets must be an object, such as { kafka_password = var.kafka_password }."
      }
    ],
    [
      for kind in local.log_kinds : {
        holds = can(keys(var.log[kind]))
        says  = "log.${kind} must be an object with ${join(", ", keys(local.log_takes[kind]))}."
      }
    ],
    flatten([
      for kind in local.log_kinds : [
        for name in try(keys(var.log[kind]), []) : {
          holds = contains(keys(local.log_takes[kind]), name)
          says  = "log.${kind} has no \"${name}\": it takes ${join(", ", keys(local.log_takes[kind]))}."
        }
      ]
    ]),
    flatten([
      for kind in local.log_kinds : [
        for name in local.log_needs[kind] : {
          holds = contains(local.log_has[kind], name)
          says  = "log.${kind} needs \"${name}\"."
        }
      ]
    ]),
    [
      for name in local.log_secret_names : {
        holds = contains(keys(local.log_secrets), name)
        says  = "log_secrets has no \"${name}\": it takes ${join(", ", keys(local.log_secrets))}."
      }
    ],
    [
      for name in local.log_secret_names : {
        holds = contains(local.log_secrets_set, name)
        says  = "log_secrets.${name} is empty, or not a text."
      } if contains(keys(local.log_secrets), name)
    ],
    [
      for name in local.log_secrets_set : {
        holds = contains(flatten([for kind in local.log_kinds : local.log_secrets_of[kind]]), name)
        says  = "log_secrets.${name} is not used: log has ${length(local.log_kinds) == 0 ? "no target" : "the target ${join(" and ", local.log_kinds)}"}."
      }
    ],
  )
}

# Credentials of a target: exactly one kind, and complete. (Fastly accepts a
# target without credentials, and drops the lines.)
locals {
  log_credential_rules = flatten([
    [for log in local.log.https : {
      holds = contains(local.log_has.https, "header_name") == contains(local.log_secrets_set, "https_header_value")
      says  = "log.https.header_name and log_secrets.https_header_value go together: one of them is missing."
    }],
    [for log in local.log.s3 : {
      holds = contains(local.log_has.s3, "iam_role") || length(setintersection(local.log_secrets_set, local.log_secrets_of.s3)) == 2
      says  = "log.s3 has no credentials: give iam_role, or both log_secrets.s3_access_key and log_secrets.s3_secret_key."
    }],
    [for log in local.log.s3 : {
      holds = !contains(local.log_has.s3, "iam_role") || length(setintersection(local.log_secrets_set, local.log_secrets_of.s3)) == 0
      says  = "log.s3 has iam_role, and log_secrets has a key: choose one of the two."
    }],
    [for log in local.log.gcs : {
      holds = contains(local.log_has.gcs, "account_name") || contains(local.log_has.gcs, "user") && contains(local.log_secrets_set, "gcs_secret_key")
      says  = "log.gcs has no credentials: give account_name, or both user and log_secrets.gcs_secret_key."
    }],
    [for log in local.log.gcs : {
      holds = !contains(local.log_has.gcs, "account_name") || !contains(local.log_has.gcs, "user") && !contains(local.log_secrets_set, "gcs_secret_key")
      says  = "log.gcs has account_name, and user or log_secrets.gcs_secret_key: choose one of the two."
    }],
    [for log in local.log.bigquery : {
      holds = contains(local.log_has.bigquery, "account_name") || length(setintersection(local.log_secrets_set, local.log_secrets_of.bigquery)) == 2
      says  = "log.bigquery has no credentials: give account_name, or both log_secrets.bigquery_email and log_secrets.bigquery_secret."
    }],
    [for log in local.log.bigquery : {
      holds = !contains(local.log_has.bigquery, "account_name") || length(setintersection(local.log_secrets_set, local.log_secrets_of.bigquery)) == 0
      says  = "log.bigquery has account_name, and log_secrets has bigquery_email or bigquery_secret: choose one of the two."
    }],
    [for log in local.log.kafka : {
      holds = length(distinct([contains(local.log_has.kafka, "auth_method"), contains(local.log_has.kafka, "user"), contains(local.log_secrets_set, "kafka_password")])) == 1
      says  = "log.kafka needs all of auth_method, user and log_secrets.kafka_password, or none of them."
    }],
  ])
}

# Values that Fastly would refuse in the middle of an apply, or would read as
# something else.
locals {
  log_value_rules = flatten([
    [for log in local.log.https : {
      holds = can(regex("^https://[^/?#@[:space:]]+([/?#][^[:space:]]*)?$", log.url))
      says  = "log.https.url must be an https:// URL, without a user's name and password: those go into a header."
    }],
    [for log in local.log.https : {
      holds = log.header_name == null || can(regex("^[A-Za-z0-9!#$%&'*+.^_`|~-]+$", log.header_name))
      says  = "log.https.header_name is not the name of a header; its value goes into log_secrets.https_header_value."
    }],
    [for log in local.log.s3 : {
      holds = log.iam_role == null || can(regex("^arn:aws[a-z-]*:iam::[0-9]{12}:role/.+$", log.iam_role))
      says  = "log.s3.iam_role must be the ARN of a role, such as arn:aws:iam::123456789012:role/fastly."
    }],
    [for log in local.log.s3 : {
      holds = can(regex("^[a-z0-9.-]+$", log.domain))
      says  = "log.s3.domain must be the host of an S3 endpoint, such as s3.eu-central-1.amazonaws.com."
    }],
    [for log in local.log.s3 : {
      holds = try(contains(["standard", "intelligent_tiering", "standard_ia", "onezone_ia", "glacier", "glacier_ir", "deep_archive", "reduced_redundancy"], log.redundancy), false)
      says  = "log.s3.redundancy must be a storage class in Fastly's words, such as standard or standard_ia."
    }],
    [for log in local.log.kafka : {
      holds = try(contains(["-1", "0", "1"], tostring(log.required_acks)), false)
      says  = "log.kafka.required_acks must be 1, 0 or -1."
    }],
    [for log in local.log.kafka : {
      holds = log.auth_method == null || try(contains(["plain", "scram-sha-256", "scram-sha-512"], log.auth_method), false)
      says  = "log.kafka.auth_method must be plain, scram-sha-256 or scram-sha-512."
    }],
    [for log in local.log.kafka : {
      holds = log.compression_codec == null || try(contains(["gzip", "snappy", "lz4"], log.compression_codec), false)
      says  = "log.kafka.compression_codec must be gzip, snappy or lz4."
    }],
    [for kind in ["s3", "gcs"] : [for log in local.log[kind] : [
      {
        holds = try(contains(["gzip", "snappy", "zstd"], log.compression_codec), false)
        says  = "log.${kind}.compression_codec must be gzip, snappy or zstd."
      },
      {
        holds = can(regex("^[A-Za-z0-9._-]+$", log.bucket))
        says  = "log.${kind}.bucket must be the bucket's name alone; what is before the files' names goes into path."
      },
      {
        holds = try(log.path == "" || endswith(log.path, "/"), false)
        says  = "log.${kind}.path must end with a slash: what follows the last one would be part of each file's name."
      },
    ]]],
    [for kind in ["https", "s3", "gcs"] : [for log in local.log[kind] : {
      holds = try(tonumber(log.period) >= 1 && tonumber(log.period) == floor(tonumber(log.period)), false)
      says  = "log.${kind}.period must be a whole number of seconds, 1 or more."
    }]],
  ])
}
