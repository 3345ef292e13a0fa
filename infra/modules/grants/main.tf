# What the functions may do in one project, and what they hear of it. Used for the deployment's own project, for other
# projects with clusters, and for the host project of a Shared VPC.

terraform {
  required_providers {
    google = {
      source  = "hashicorp/google"
      version = ">= 6.50, < 8"
    }
  }
}

resource "google_project_iam_custom_role" "identity" {
  for_each = var.identities

  project     = var.project
  role_id     = "${var.role_prefix}mci_${each.key}"
  title       = "Multi-cluster ingress: ${each.key}"
  description = "Just the permissions that the functions of this identity use."
  permissions = each.value.permissions
}

resource "google_project_iam_member" "identity" {
  for_each = var.identities

  project = var.project
  role    = google_project_iam_custom_role.identity[each.key].id
  member  = each.value.member
}

# Audit logs of what others change: drift is repaired when it happens, and new zones join when their nodes come.
resource "google_logging_project_sink" "audit" {
  project                = var.project
  name                   = var.audit_sink
  description            = "Changes that concern multi-cluster load balancers, to ${var.audit_topic}"
  destination            = "pubsub.googleapis.com/${var.audit_topic}"
  filter                 = var.audit_filter
  unique_writer_identity = true

  # What the functions did themselves is no news to them.
  exclusions {
    name   = "own-changes"
    filter = join(" OR ", [for email in var.ignored_principal : "protoPayload.authenticationInfo.principalEmail=\"${email}\""])
  }
}

resource "google_pubsub_topic_iam_member" "audit" {
  topic  = var.audit_topic
  role   = "roles/pubsub.publisher"
  member = google_logging_project_sink.audit.writer_identity
}
