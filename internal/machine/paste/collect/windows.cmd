@echo off
rem berth-collect: what this Windows says of its ports, in one file. It changes nothing.
rem
rem Save this as berth-collect.cmd on the machine in question and start it: by a double
rem click, or, to see more, with a right click as administrator. It runs on Windows XP
rem and all later ones, Server too, and needs neither PowerShell nor anything installed.
rem It writes berth-report.txt on the Desktop, or beside itself where there is none.
rem Look through the file, then send it to the one who has berth:
rem     berth explain berth-report.txt
setlocal
set "OUT=%CD%\berth-report.txt"
if exist "%USERPROFILE%\Desktop\" set "OUT=%USERPROFILE%\Desktop\berth-report.txt"
echo berth-collect: writing "%OUT%"
>"%OUT%" echo === berth-collect 1 windows ===
>>"%OUT%" echo === berth-run: ver ===
>>"%OUT%" 2>&1 ver
echo   sockets and processes
>>"%OUT%" echo === berth-run: netstat -ano ===
>>"%OUT%" 2>&1 netstat -ano
>>"%OUT%" echo === berth-run: tasklist ===
>>"%OUT%" 2>&1 tasklist
>>"%OUT%" echo === berth-run: tasklist /svc ===
>>"%OUT%" 2>&1 tasklist /svc
echo   HTTP.sys
>>"%OUT%" echo === berth-run: netsh http show servicestate view=requestq ===
>>"%OUT%" 2>&1 netsh http show servicestate view=requestq
>>"%OUT%" echo === berth-run: netsh http show urlacl ===
>>"%OUT%" 2>&1 netsh http show urlacl
>>"%OUT%" echo === berth-run: netsh http show iplisten ===
>>"%OUT%" 2>&1 netsh http show iplisten
>>"%OUT%" echo === berth-run: netsh http show sslcert ===
>>"%OUT%" 2>&1 netsh http show sslcert
>>"%OUT%" echo === berth-run: netsh http show timeout ===
>>"%OUT%" 2>&1 netsh http show timeout
if exist "%SystemRoot%\System32\nshhttp.dll" goto ranges
rem Windows XP and Server 2003 have httpcfg of the Support Tools in its place.
>>"%OUT%" echo === berth-run: httpcfg query urlacl ===
>>"%OUT%" 2>&1 httpcfg query urlacl
>>"%OUT%" echo === berth-run: httpcfg query iplisten ===
>>"%OUT%" 2>&1 httpcfg query iplisten
>>"%OUT%" echo === berth-run: httpcfg query ssl ===
>>"%OUT%" 2>&1 httpcfg query ssl
:ranges
echo   port ranges and forwards
>>"%OUT%" echo === berth-run: netsh int ipv4 show excludedportrange protocol=tcp ===
>>"%OUT%" 2>&1 netsh int ipv4 show excludedportrange protocol=tcp
>>"%OUT%" echo === berth-run: netsh int ipv4 show excludedportrange protocol=udp ===
>>"%OUT%" 2>&1 netsh int ipv4 show excludedportrange protocol=udp
>>"%OUT%" echo === berth-run: netsh int ipv4 show dynamicport tcp ===
>>"%OUT%" 2>&1 netsh int ipv4 show dynamicport tcp
>>"%OUT%" echo === berth-run: netsh int ipv4 show dynamicport udp ===
>>"%OUT%" 2>&1 netsh int ipv4 show dynamicport udp
>>"%OUT%" echo === berth-run: netsh interface portproxy show all ===
>>"%OUT%" 2>&1 netsh interface portproxy show all
echo   services
>>"%OUT%" echo === berth-run: sc query http ===
>>"%OUT%" 2>&1 sc query http
>>"%OUT%" echo === berth-run: sc qc http ===
>>"%OUT%" 2>&1 sc qc http
>>"%OUT%" echo === berth-run: sc enumdepend http 65536 ===
>>"%OUT%" 2>&1 sc enumdepend http 65536
>>"%OUT%" echo === berth-run: sc queryex type= service state= all bufsize= 262144 ===
>>"%OUT%" 2>&1 sc queryex type= service state= all bufsize= 262144
>>"%OUT%" echo === berth-run: route print ===
>>"%OUT%" 2>&1 route print
>>"%OUT%" echo === berth-end ===
echo berth-collect: done. Look through "%OUT%", then send it.
endlocal
exit /b 0
