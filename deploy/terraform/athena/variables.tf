variable "bucket" {
  description = "The bucket that Fastly writes to. It must exist."
  type        = string

  validation {
    condition     = can(regex("^[a-z0-9.-]+$", var.bucket))
    error_message = "bucket must be the bucket's name alone."
  }
}

variable "folder" {
  description = "What is before the folders of the days, such as logs/clicks/. Null is clicks/, as in the clickedge module."
  type        = string
  default     = null

  validation {
    condition     = var.folder == null || can(regex("^([A-Za-z0-9._-]+/)*$", var.folder))
    error_message = "folder must be empty or end with a slash, and begin with none: it is part of the names of the objects."
  }
}

variable "database" {
  description = "The database to make."
  type        = string
  default     = "clicks"
  nullable    = false

  validation {
    condition     = can(regex("^[a-z0-9_]+$", var.database))
    error_message = "database may have lower-case letters, digits and underscores only."
  }
}

variable "workgroup" {
  description = "The workgroup that has the saved queries."
  type        = string
  default     = "primary"
  nullable    = false
}
