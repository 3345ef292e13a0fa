resource "google_storage_bucket" "source" {
  project  = var.project
  name     = "${var.project}-${var.prefix}mci-functions"
  location = var.region
  labels   = local.labels

  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"
  force_destroy               = true

  # Archives of earlier versions: for rolling back.
  versioning {
    enabled = true
  }

  depends_on = [google_project_service.api]
}

# Named by content: the same archive deploys nothing, a changed one deploys every function.
resource "google_storage_bucket_object" "source" {
  bucket = google_storage_bucket.source.name
  name   = "functions-${filesha256(var.functions_archive)}.zip"
  source = var.functions_archive
}

resource "google_cloudfunctions2_function" "function" {
  for_each = local.functions

  project     = var.project
  location    = var.region
  name        = "${var.prefix}${each.key}"
  description = each.value.topic == null ? "Status API and dashboard" : "Works on messages of topic ${var.prefix}${each.value.topic}"
  labels      = local.labels

  build_config {
    runtime         = var.runtime
    entry_point     = each.key
    service_account = google_service_account.build.id

    source {
      storage_source {
        bucket = google_storage_bucket.source.name
        object = google_storage_bucket_object.source.name
      }
    }
  }

  service_config {
    service_account_email            = google_service_account.function[each.value.identity].email
    available_cpu                    = "1"
    available_memory                 = "${each.value.memoryMiB}Mi"
    timeout_seconds                  = each.value.timeoutSeconds
    max_instance_request_concurrency = each.value.concurrency
    max_instance_count               = each.value.maxInstances
    min_instance_count               = lookup(var.minimum_instances, each.key, 0)
    all_traffic_on_latest_revision   = true

    # Only Pub/Sub of this project reaches the event functions, and only with the push identity's token.
    ingress_settings = each.value.topic == null ? "ALLOW_ALL" : "ALLOW_INTERNAL_ONLY"

    vpc_connector                 = var.vpc_connector
    vpc_connector_egress_settings = var.vpc_connector == null ? null : "PRIVATE_RANGES_ONLY"

    environment_variables = {
      GOOGLE_CLOUD_PROJECT   = var.project
      MCI_TOPIC_PREFIX       = var.prefix
      MCI_FIRESTORE_DATABASE = google_firestore_database.state.name
      MCI_LOG_LEVEL          = var.log_level
      MCI_CLUSTER_PROJECTS   = join(",", sort(setunion([var.project], var.cluster_projects)))
      MCI_CLUSTER_SERVERS    = join(",", sort(var.cluster_servers))
    }
  }

  depends_on = [google_project_iam_member.build, google_project_iam_member.state, google_firestore_field.field]
}

# Each function is a Cloud Run service of the same name.
resource "google_cloud_run_service_iam_member" "push" {
  for_each = local.events

  project  = var.project
  location = var.region
  service  = google_cloudfunctions2_function.function[each.key].name
  role     = "roles/run.invoker"
  member   = google_service_account.push.member
}

resource "google_cloud_run_service_iam_member" "dashboard" {
  for_each = var.dashboard_members

  project  = var.project
  location = var.region
  service  = google_cloudfunctions2_function.function["status"].name
  role     = "roles/run.invoker"
  member   = each.key
}
