--- A module that only the service beside it finds.
return "private of " .. SERVICE_NAME
