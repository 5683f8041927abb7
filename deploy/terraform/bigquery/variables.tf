variable "project_id" {
  description = "The Google Cloud project."
  type        = string
}

variable "dataset" {
  description = "The dataset to make."
  type        = string
  default     = "clicks"
  nullable    = false

  validation {
    condition     = can(regex("^[A-Za-z0-9_]+$", var.dataset))
    error_message = "dataset may have letters, digits and underscores only."
  }
}

variable "location" {
  description = "Where BigQuery keeps the data, such as EU, US or europe-west1. It cannot change later."
  type        = string
}

variable "keep_days" {
  description = "After how many days BigQuery deletes a day of the log. Null keeps all of it."
  type        = number
  default     = null

  validation {
    condition     = var.keep_days == null || try(var.keep_days >= 1 && floor(var.keep_days) == var.keep_days, false)
    error_message = "keep_days must be a whole number of days, 1 or more, or null to keep the log."
  }
}

variable "writer" {
  description = "Service account that Fastly writes as, such as fastly@project.iam.gserviceaccount.com: it may write to the table. Null where somebody else sees to that."
  type        = string
  default     = null

  validation {
    condition     = var.writer == null || can(regex("^[^:@[:space:]]+@[^:@[:space:]]+$", var.writer))
    error_message = "writer must be the e-mail address of a service account, without serviceAccount: before it."
  }
}

variable "deletion_protection" {
  description = "Let Terraform delete the table, and every click in it, only after this was set to false and applied."
  type        = bool
  default     = true
  nullable    = false
}
