terraform {
  required_version = ">= 1.7" # removed blocks

  required_providers {
    fastly = {
      source  = "fastly/fastly"
      version = "~> 9.4"
    }
  }
}
