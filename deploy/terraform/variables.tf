variable "sites" {
  description = "Path of sites.json."
  type        = string
}

variable "plan" {
  description = "Path of what `clickedge terraform` made of sites.json: the backends that the sites need."
  type        = string
}

variable "package" {
  description = "Path of the package that `clickedge build -o …tar.gz` made with the same sites.json."
  type        = string
}

variable "name" {
  description = "Name of the service. The stores are named after it, as the account may have several."
  type        = string
  default     = "clickedge"
}

variable "comment" {
  description = "Comment of the service."
  type        = string
  default     = "Branded link domains, managed by Terraform."
}

variable "stage" {
  description = "Stage the new version instead of activating it: readers see the old one until this is false again."
  type        = bool
  default     = false
}

variable "force_destroy" {
  description = "Let `terraform destroy` delete the service while it is active."
  type        = bool
  default     = false
}

variable "versionless_domains" {
  description = "Keep domains apart from the service's versions, as Fastly now does. With false they are part of each version, as they were."
  type        = bool
  default     = true
}

# Backends

variable "connect_timeout" {
  description = "For how long a connection to an ESP may take to be made, in milliseconds. It is part of a site's esp_timeout."
  type        = number
  default     = 2000
}

variable "between_bytes_timeout" {
  description = "For how long an ESP may fall silent within an answer, in milliseconds."
  type        = number
  default     = 10000
}

variable "prefer_ipv6" {
  description = "Reach ESPs over IPv6 where they have it. Off: what ESPs document and watch is their IPv4, and where the two answer differently the difference is hard to see."
  type        = bool
  default     = false
}

# TLS towards readers

variable "tls" {
  description = "Order a certificate for each host. With false they are managed elsewhere."
  type        = bool
  default     = true
}

variable "certificate_authority" {
  description = "Who issues the certificates: certainly, lets-encrypt or globalsign. A CAA record must allow it."
  type        = string
  default     = "certainly"

  validation {
    condition     = contains(["certainly", "lets-encrypt", "globalsign"], var.certificate_authority)
    error_message = "The certificate authority must be certainly, lets-encrypt or globalsign."
  }
}

variable "tls_configuration_id" {
  description = "Id of the TLS configuration whose hostnames the CNAMEs lead to; null is the account's default."
  type        = string
  default     = null
}

variable "wait_for_tls" {
  description = "Let the apply wait until every certificate has been issued. For that the records of the output acme_challenges must be set already."
  type        = bool
  default     = false
}

# The click log

variable "log" {
  description = "Where the click log goes: one of https, s3, gcs, bigquery and kafka, or none. Keys and passwords go into log_secrets."
  type = object({
    https = optional(object({
      url         = string
      header_name = optional(string)
      period      = optional(number, 5)
    }))
    s3 = optional(object({
      bucket            = string
      domain            = optional(string, "s3.amazonaws.com")
      path              = optional(string, "/clicks/")
      iam_role          = optional(string)
      period            = optional(number, 300)
      redundancy        = optional(string, "standard")
      compression_codec = optional(string, "gzip")
    }))
    gcs = optional(object({
      bucket            = string
      project_id        = optional(string)
      user              = optional(string)
      account_name      = optional(string)
      path              = optional(string, "/clicks/")
      period            = optional(number, 300)
      compression_codec = optional(string, "gzip")
    }))
    bigquery = optional(object({
      project_id   = string
      dataset      = string
      table        = string
      template     = optional(string)
      account_name = optional(string)
    }))
    kafka = optional(object({
      brokers           = string
      topic             = string
      auth_method       = optional(string)
      user              = optional(string)
      required_acks     = optional(string, "1")
      tls_hostname      = optional(string)
      compression_codec = optional(string)
    }))
  })
  default = {}

  validation {
    condition     = length([for kind, log in var.log : kind if log != null]) <= 1
    error_message = "The module writes to one log endpoint, clicks: choose one of https, s3, gcs, bigquery and kafka."
  }
}

variable "log_secrets" {
  description = "What the log endpoint authenticates with. They end up in Terraform's state: prefer IAM roles and account names."
  type = object({
    https_header_value = optional(string)
    s3_access_key      = optional(string)
    s3_secret_key      = optional(string)
    gcs_secret_key     = optional(string)
    bigquery_email     = optional(string)
    bigquery_secret    = optional(string)
    kafka_password     = optional(string)
  })
  default   = {}
  sensitive = true
}
