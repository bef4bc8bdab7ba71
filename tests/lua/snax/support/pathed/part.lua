--- A module of the service pathed: only its own folder has it.
return { where = SERVICE_PATH }
