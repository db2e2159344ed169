# Windows itself: its names, version, hardware, and whether a restart is pending.
Read-Part 'name' {
    $names = 'SYSTEM\CurrentControlSet\Control\ComputerName'
    $answer.computer_name = "$(Get-RegistryValue "$names\ActiveComputerName" 'ComputerName' $env:COMPUTERNAME)"
    $answer.pending_computer_name = "$(Get-RegistryValue "$names\ComputerName" 'ComputerName' $env:COMPUTERNAME)"
    $tcpip = 'SYSTEM\CurrentControlSet\Services\Tcpip\Parameters'
    $answer.host_name = "$(Get-RegistryValue $tcpip 'Hostname' $env:COMPUTERNAME)"
    $network = [System.Net.NetworkInformation.IPGlobalProperties]::GetIPGlobalProperties()
    $answer.dns_host_name = "$($network.HostName).$($network.DomainName)".TrimEnd('.')
}
Read-Part 'computer' {
    $computer = Get-CimInstance -ClassName 'Win32_ComputerSystem'
    $answer.part_of_domain = [bool] $computer.PartOfDomain
    $answer.domain = "$($computer.Domain)"
    $answer.logical_processors = [int] $computer.NumberOfLogicalProcessors
    $answer.memory_bytes = [long] $computer.TotalPhysicalMemory
}
Read-Part 'secure_channel' {
    $answer.secure_channel = [bool] (Test-ComputerSecureChannel)
}
Read-Part 'system' {
    $system = Get-CimInstance -ClassName 'Win32_OperatingSystem'
    $answer.os_caption = "$($system.Caption)".Trim()
    $answer.os_build = [int] $system.BuildNumber
    $answer.product_type = [int] $system.ProductType
    $windows = 'SOFTWARE\Microsoft\Windows NT\CurrentVersion'
    $answer.installation_type = "$(Get-RegistryValue $windows 'InstallationType' '')"
}
Read-Part 'disks' {
    $disks = foreach ($disk in Get-CimInstance -ClassName 'Win32_LogicalDisk' -Filter 'DriveType = 3') {
        # A locked or unformatted volume has no size.
        if ($disk.Size) {
            [ordered]@{
                drive = "$($disk.DeviceID)"
                free_bytes = [long] $disk.FreeSpace
                size_bytes = [long] $disk.Size
            }
        }
    }
    $answer.disks = @($disks)
}
Read-Part 'dotnet_release' {
    $answer.dotnet_release = [int] (Get-RegistryValue 'SOFTWARE\Microsoft\NET Framework Setup\NDP\v4\Full' 'Release' 0)
}
Read-Part 'reboot' {
    $current = 'SOFTWARE\Microsoft\Windows\CurrentVersion'
    $renames = Get-RegistryValue 'SYSTEM\CurrentControlSet\Control\Session Manager' 'PendingFileRenameOperations' @()
    $answer.reboot = [ordered]@{
        component_servicing = Test-RegistryKey "$current\Component Based Servicing\RebootPending"
        windows_update = Test-RegistryKey "$current\WindowsUpdate\Auto Update\RebootRequired"
        file_renames = @($renames | Where-Object { $_ }).Count -gt 0
        computer_rename = $answer.computer_name -ne $answer.pending_computer_name
    }
}
Read-Part 'hyperv_feature' {
    $features = @(Get-CimInstance -ClassName 'Win32_OptionalFeature' -Filter "Name = 'Microsoft-Hyper-V'")
    $answer.hyperv_feature = @($features | Where-Object { $_.InstallState -eq 1 }).Count -gt 0
}
