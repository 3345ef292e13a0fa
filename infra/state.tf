resource "google_firestore_database" "state" {
  project     = var.project
  name        = var.firestore_database
  location_id = var.firestore_location
  type        = "FIRESTORE_NATIVE"

  # Leases and gates are transactions that must not read what another has just changed.
  concurrency_mode                  = "PESSIMISTIC"
  point_in_time_recovery_enablement = "POINT_IN_TIME_RECOVERY_ENABLED"
  delete_protection_state           = var.protect_state ? "DELETE_PROTECTION_ENABLED" : "DELETE_PROTECTION_DISABLED"
  deletion_policy                   = var.protect_state ? "ABANDON" : "DELETE"

  depends_on = [google_project_service.api]
}

# Every query is one range of one index, so there are no composite ones: each field has the index that a query needs, or none.
resource "google_firestore_field" "field" {
  for_each = local.registry.firestore.indexes

  project    = var.project
  database   = google_firestore_database.state.name
  collection = each.value.collection
  field      = each.value.field

  index_config {
    dynamic "indexes" {
      for_each = each.value.index == "none" ? [] : [each.value]

      content {
        order        = indexes.value.index == "ascending" ? "ASCENDING" : null
        array_config = indexes.value.index == "array-contains" ? "CONTAINS" : null
        query_scope  = indexes.value.scope == "collection-group" ? "COLLECTION_GROUP" : "COLLECTION"
      }
    }
  }

  dynamic "ttl_config" {
    for_each = contains(local.registry.firestore.timeToLive, each.key) ? [true] : []

    content {}
  }
}

resource "google_firestore_backup_schedule" "daily" {
  project   = var.project
  database  = google_firestore_database.state.name
  retention = "604800s"

  daily_recurrence {}
}

resource "google_firestore_backup_schedule" "weekly" {
  project   = var.project
  database  = google_firestore_database.state.name
  retention = "8467200s"

  weekly_recurrence {
    day = "SUNDAY"
  }
}
