variable "sites" {
  description = "Path of sites.json."
  type        = string
}

variable "plan" {
  description = "Path of the plan that `clickedge terraform` made from sites.json: the backends that the sites need."
  type        = string
}

variable "package" {
  description = "Path of the package that `clickedge build -o …tar.gz` made with the same sites.json."
  type        = string
}

variable "name" {
  description = "Name of the service. The stores are named after it, as the account may have several; those that exist keep their names."
  type        = string
  default     = "clickedge"
  nullable    = false

  validation {
    condition     = trimspace(var.name) != ""
    error_message = "The name must not be empty."
  }
}

variable "comment" {
  description = "Comment of the service."
  type        = string
  default     = "Branded link domains, managed by Terraform."
  nullable    = false
}

variable "stage" {
  description = "Stage the new version instead of activating it: readers see the old one until this is false again. Versionless domains and certificates are no part of a version: they are set and deleted at once."
  type        = bool
  default     = false
  nullable    = false
}

variable "force_destroy" {
  description = "Let `terraform destroy` delete the service while it is active, and certificates that are in use."
  type        = bool
  default     = false
  nullable    = false
}

variable "versionless_domains" {
  description = "Keep domains apart from the service's versions, as Fastly now does. With false they are part of each version, as they were. An existing service changes over in steps, see the README."
  type        = bool
  default     = true
  nullable    = false
}

variable "keep_versioned_domains" {
  description = "While domains move from the service's versions to versionless ones: keep the former until the latter are there."
  type        = bool
  default     = false
  nullable    = false
}

variable "retired_hosts" {
  description = "Hosts that will leave sites.json: their certificates may be deleted while they are in use. Fastly refuses to delete others."
  type        = set(string)
  default     = []
  nullable    = false
}

# Backends

variable "connect_timeout" {
  description = "Time limit for connecting to an ESP, in milliseconds. It is part of a site's esp_timeout."
  type        = number
  default     = 2000
  nullable    = false

  validation {
    condition     = var.connect_timeout >= 1 && var.connect_timeout <= 60000 && floor(var.connect_timeout) == var.connect_timeout
    error_message = "connect_timeout must be a whole number of milliseconds, from 1 to 60000."
  }
}

variable "between_bytes_timeout" {
  description = "Longest pause within an ESP's answer, in milliseconds."
  type        = number
  default     = 10000
  nullable    = false

  validation {
    condition     = var.between_bytes_timeout >= 1 && var.between_bytes_timeout <= 60000 && floor(var.between_bytes_timeout) == var.between_bytes_timeout
    error_message = "between_bytes_timeout must be a whole number of milliseconds, from 1 to 60000."
  }
}

variable "prefer_ipv6" {
  description = "Reach ESPs over IPv6 where they have it. Off: ESPs document and monitor IPv4, and differences between the two are hard to see."
  type        = bool
  default     = false
  nullable    = false
}

# TLS towards readers

variable "tls" {
  description = "Order a certificate for each host. With false they are managed elsewhere."
  type        = bool
  default     = true
  nullable    = false
}

variable "certificate_authority" {
  description = "The certificate authority: certainly, lets-encrypt or globalsign. A CAA record must allow it."
  type        = string
  default     = "certainly"
  nullable    = false

  validation {
    condition     = contains(["certainly", "lets-encrypt", "globalsign"], var.certificate_authority)
    error_message = "The certificate authority must be certainly, lets-encrypt or globalsign."
  }
}

variable "tls_configuration_id" {
  description = "Id of the TLS configuration whose hostnames the CNAMEs lead to; null is the account's default."
  type        = string
  default     = null

  validation {
    condition     = var.tls_configuration_id == null || try(trimspace(var.tls_configuration_id), "") != ""
    error_message = "tls_configuration_id must be an id, or null for the account's default."
  }
}

variable "wait_for_tls" {
  description = "Let the apply wait until every certificate has been issued. The DNS records of the output acme_challenges must be set before."
  type        = bool
  default     = false
  nullable    = false
}

# The click log. The members of a target, its credentials and its values are
# compared in logrules.tf, before anything is sent.

variable "log" {
  description = "Where the click log goes: an object with one of https, s3, gcs, bigquery and kafka, or {} for nowhere. Keys and passwords go into log_secrets."
  type        = any
  default     = {}
  nullable    = false

  validation {
    condition     = can(keys(var.log))
    error_message = "log must be an object, such as { s3 = { bucket = \"clicks\", iam_role = \"…\" } }."
  }

  validation {
    condition     = length([for kind in try(keys(var.log), []) : kind if !contains(["https", "s3", "gcs", "bigquery", "kafka"], kind)]) == 0
    error_message = "log has no target ${join(", ", [for kind in try(keys(var.log), []) : "\"${kind}\"" if !contains(["https", "s3", "gcs", "bigquery", "kafka"], kind)])}: it takes https, s3, gcs, bigquery or kafka."
  }

  validation {
    condition     = length(try([for kind, log in var.log : kind if log != null], [])) <= 1
    error_message = "The module writes to one log endpoint, clicks: choose one of https, s3, gcs, bigquery and kafka."
  }
}

variable "log_secrets" {
  description = "What the log target authenticates with: https_header_value, s3_access_key and s3_secret_key, gcs_secret_key, bigquery_email and bigquery_secret, or kafka_password. They end up in Terraform's state: prefer IAM roles and account names."
  type        = any
  default     = {}
  nullable    = false
  sensitive   = true
}
