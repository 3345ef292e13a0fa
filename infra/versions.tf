terraform {
  required_version = ">= 1.9"

  required_providers {
    google = {
      source  = "hashicorp/google"
      version = ">= 6.50, < 8"
    }
  }

  # Empty on purpose: `terraform init -backend-config=bucket=... -backend-config=prefix=...` says where the state is kept.
  backend "gcs" {}
}

provider "google" {
  project = var.project
  region  = var.region
}
